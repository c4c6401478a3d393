"use strict";
(() => {
  document.documentElement.classList.add("js");

  const setOpen = (req, open) => {
    req.classList.toggle("open", open);
    req.querySelector(".row button").setAttribute("aria-expanded", String(open));
  };

  // Whatever an element is folded into.
  const unfold = (element) => {
    for (let at = element; at; at = at.parentElement) if (at.localName === "details") at.open = true;
  };

  // Where the page is not a secure context there is no clipboard object: the older way.
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      area.className = "away";
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    const reqs = [...document.querySelectorAll(".req")];
    const toolbar = document.querySelector(".toolbar");
    const words = new Map(reqs.map((req) => [req, req.textContent.toLowerCase()]));

    const filter = () => {
      const { show, search } = toolbar.elements;
      const terms = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const narrowed = show.value !== "all" || terms.length > 0;
      let shown = 0;
      for (const req of reqs) {
        const kinds = (req.dataset.show ?? req.dataset.verdict).split("|");
        const match = (show.value === "all" || kinds.includes(show.value))
          && terms.every((term) => words.get(req).includes(term));
        req.hidden = !match;
        shown += match ? 1 : 0;
        if (match && narrowed) unfold(req);
      }
      for (const table of document.querySelectorAll(".matrix")) {
        const empty = !table.querySelector(".req:not([hidden])");
        (table.closest(".passed") ?? table).hidden = empty;
      }
      for (const none of document.querySelectorAll(".none")) {
        none.hidden = Boolean(none.closest("section").querySelector(".req:not([hidden])"));
      }
      toolbar.querySelector("output").textContent =
        shown === reqs.length ? "" : `${shown} of ${reqs.length} requirements shown`;
    };

    // The filter stands in the address: ?show=fail&search=user
    const fromAddress = () => {
      const asked = new URLSearchParams(location.search);
      const { show, search } = toolbar.elements;
      const known = [...show].some((choice) => choice.value === asked.get("show"));
      show.value = known ? asked.get("show") : "all";
      search.value = asked.get("search") ?? "";
      filter();
    };
    const toAddress = (anew, hash = "") => {
      const { show, search } = toolbar.elements;
      const chosen = new URLSearchParams();
      if (show.value !== "all") chosen.set("show", show.value);
      if (search.value) chosen.set("search", search.value);
      const address = (String(chosen) && `?${chosen}`) || location.pathname;
      try {
        history[anew ? "pushState" : "replaceState"](null, "", address + hash);
      } catch {
        // a page that is shown within another may not have an address of its own
      }
    };

    const follow = () => {
      let id;
      try {
        id = decodeURIComponent(location.hash.slice(1));
      } catch {
        return;
      }
      const target = document.getElementById(id);
      if (!target) return;
      unfold(target);
      if (!target.classList.contains("req")) {
        target.scrollIntoView();
        return;
      }
      if (target.hidden) {
        toolbar.reset();
        filter();
        toAddress(false, location.hash);
        unfold(target);
      }
      setOpen(target, true);
      target.scrollIntoView();
      target.querySelector(".row button").focus({ preventScroll: true });
    };

    for (const req of reqs) {
      const more = req.querySelector(".more");
      more.id = `${req.id}:more`;
      req.querySelector(".row button").setAttribute("aria-controls", more.id);
      setOpen(req, false);
      req.querySelector(".row").addEventListener("click", (event) => {
        const button = event.target.closest("button");
        if (!button && (event.target.closest("a") || String(getSelection()))) return;
        setOpen(req, !req.classList.contains("open"));
      });
    }
    for (const mark of document.querySelectorAll(".marks a")) mark.title = mark.ariaLabel;
    for (const button of document.querySelectorAll("[data-copy]")) {
      button.addEventListener("click", async () => {
        const own = button.dataset.copy;
        const done = await copy(own ? JSON.parse(own) : button.parentElement.querySelector("pre").textContent);
        button.textContent = done ? "Copied" : "Not copied: select the text by hand";
        setTimeout(() => { button.textContent = "Copy"; }, 2000);
      });
    }
    if (toolbar) {
      toolbar.addEventListener("submit", (event) => event.preventDefault());
      toolbar.addEventListener("input", (event) => {
        filter();
        toAddress(event.target.name === "show");
      });
      for (const button of toolbar.querySelectorAll("[data-open]")) {
        button.addEventListener("click", () => {
          for (const req of reqs) {
            if (req.hidden) continue;
            if (button.dataset.open === "true") unfold(req);
            setOpen(req, button.dataset.open === "true");
          }
        });
      }
      // the headings of a table stay below the bar, however many lines that takes
      new ResizeObserver(() => {
        const height = getComputedStyle(toolbar).position === "sticky" ? toolbar.offsetHeight : 0;
        document.documentElement.style.setProperty("--bar", `${height}px`);
      }).observe(toolbar);
      fromAddress();
      addEventListener("popstate", fromAddress);
    }
    // A link to the row that the address names already changes nothing, and must open it all the same.
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[href^='#']");
      if (link && link.hash === location.hash) follow();
    });
    addEventListener("hashchange", follow);
    follow();
  });
})();
