#!/usr/bin/env bash
# The steps of action.yml; nightly.sh uses them, too. All that a user says comes in by the environment (INPUT_…, as
# action.yml sets it), so that no value becomes a command. An input that is empty counts as not given.
#
#   action.sh install   make the environment that judges
#   action.sh judge     judge; ends as the run does
#   action.sh summary   write the job's summary
#
# Besides: PYTHON, the interpreter to make the environment with (python3); RENAME_TCK_VENV, where to make it;
# RENAME_TCK_COMMAND, what judges.
set -euo pipefail

folder=${RENAME_TCK_VENV:-${RUNNER_TEMP:-/tmp}/rename-tck}
command=${RENAME_TCK_COMMAND:-rename-tck run}
python=$folder/bin/python
# the folders that the run may write reports to, noted by `judge` for `summary`; each is ended by NUL
noted=$folder/report-folders
unset RENAME_TCK_VENV RENAME_TCK_COMMAND

say() { printf 'rename-tck: %s\n' "$1" >&2; }

# The input INPUT_$1 without blanks around it; fails when nothing is left.
given() {
  local name=INPUT_$1 value
  value=${!name:-}
  value=${value#"${value%%[![:space:]]*}"}
  value=${value%"${value##*[![:space:]]}"}
  [ -n "$value" ] && printf '%s' "$value"
}

# An output of the step, in the form that takes any value.
output() {
  local end
  end=end-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  printf '%s<<%s\n%s\n%s\n' "$1" "$end" "$2" "$end" >>"${GITHUB_OUTPUT:-/dev/null}"
}

report_folder() {
  given REPORT_DIR || INPUT_REPORT_DIR=${RENAME_TCK_REPORT_DIR:-} given REPORT_DIR || printf reports
}

# The records of the run, one after the other, each ended by NUL.
records() {
  local place
  [ -f "$noted" ] || return 0
  while IFS= read -r -d '' place; do
    [ ! -f "$place/conformance.json" ] || printf '%s\0' "$place/conformance.json"
  done <"$noted"
}

install() {
  local root=${GITHUB_ACTION_PATH:-} source
  [ -n "$root" ] || root=$(cd "$(dirname "$0")/.." && pwd)
  rm -f -- "$noted"
  "${PYTHON:-python3}" -m venv "$folder"
  set -- -m pip install --quiet --disable-pip-version-check
  if source=$(given SOURCE); then
    # another version may need other versions of what it depends on than the ones beside this script
    "$python" "$@" -- "$source"
  else
    "$python" "$@" --constraint "$root/constraints.txt" -- "$root"
  fi
}

# What the options of the suite are called in the environment. Without an input, the job's own variable stands.
hand_over() {
  local name value
  for name in SYSTEM API_KEY OTHER_MODE_KEY OTHER_USER_KEY USER SESSION_ID EDITION SPEC KNOWN_FAILURES HISTORY LEVEL; do
    if value=$(given "$name"); then
      export "RENAME_TCK_$name=$value"
    fi
  done
  if value=$(given BASE_URL); then
    export "PYTEST_BASE_URL=$value"
    # it would go before
    unset RENAME_TCK_BASE_URL
  fi
}

# Puts what the inputs `target` and `args` say into `words`, and what of it decides where reports go into `target`,
# `misnamed`, `every` and `config`; fails, with a sentence, where they cannot be used.
words=()
target=""
misnamed=""
every=""
config=rename-tck.toml
read_words() {
  local word before="" addressed="" split
  if target=$(given TARGET); then
    # the name becomes that of a folder, whose reports are removed: what is no name must not lead elsewhere; and a
    # Python file would be a contract test, judged on the embedded servers
    case $target in
      [!A-Za-z0-9_]* | *[!A-Za-z0-9._-]* | *.py)
        misnamed=yes
        say "target is the name of a target in rename-tck.toml: give options and contract tests in args."
        return 1
        ;;
    esac
    words+=("$target")
    addressed=yes
  fi
  split='import os, shlex, sys; sys.stdout.write("".join(word + "\0" for word in shlex.split(os.environ["INPUT_ARGS"])))'
  if ! INPUT_ARGS=${INPUT_ARGS:-} "$python" -I -c "$split" >"$split_words" 2>/dev/null; then
    say "args cannot be split into words: a quotation mark or a backslash is not closed."
    return 1
  fi
  while IFS= read -r -d '' word; do
    case $word in
      --report-dir | --report-dir=*)
        say "Give the report folder as report-dir, not in args: the summary and the upload look for it there."
        return 1
        ;;
      --base-url | --base-url=*) addressed=yes ;;
      --all)
        addressed=yes
        every=yes
        ;;
      --config=*) config=${word#--config=} ;;
    esac
    [ "$before" != --config ] || config=$word
    before=$word
    words+=("$word")
  done <"$split_words"
  if [ -z "$addressed" ] && [ -z "${RENAME_TCK_BASE_URL:-${PYTEST_BASE_URL:-}}" ]; then
    # an unset variable of the repository must not turn into a green of the embedded servers
    say "base-url is empty: give the URL of the server to judge, or the name of a target in rename-tck.toml as target."
    return 1
  fi
}

# The names of the targets of the configuration file, each ended by NUL. Where it cannot be used, the run says so.
target_names() {
  "$python" -I -c '
import re, sys, tomllib
try:
    with open(sys.argv[1], "rb") as file:
        targets = tomllib.load(file).get("targets")
except (OSError, ValueError, RecursionError):
    targets = None
for name in targets if isinstance(targets, dict) else ():
    if re.fullmatch("[A-Za-z0-9_][A-Za-z0-9._-]*", name):
        sys.stdout.write(name + "\0")' "$config" || true
}

# Puts the folders that the run may write reports to into `places`, and the one that holds them all into `reports`.
places=()
reports=""
find_places() {
  local name
  reports=$(report_folder)
  if [ -n "$misnamed" ]; then
    return 0
  elif [ -n "$target" ]; then
    reports=${reports%/}/$target
    places=("$reports")
  elif [ -n "$every" ]; then
    while IFS= read -r -d '' name; do
      places+=("${reports%/}/$name")
    done < <(target_names)
  else
    places=("$reports")
  fi
}

# What a run writes into a report folder; besides, replay/ there, which lasts from run to run.
written=(conformance.json conformance.html conformance.md ctrf.json badge.json)

# Removes what an earlier run left where this one writes: it is not this run's.
remove_earlier() {
  local place name
  [ -z "$every" ] || rm -f -- "${reports%/}/matrix.html" || true
  for place in ${places[@]+"${places[@]}"}; do
    for name in "${written[@]}"; do
      rm -f -- "$place/$name" || true
    done
  done
}

# What there is to upload, a path a line; nothing where no record was written.
to_upload() {
  local record name start=./
  [ "$#" != 0 ] || return 0
  case $reports in
    # without it a first character might be one of the upload's patterns
    /*) start="" ;;
  esac
  [ -z "$every" ] || printf '%s\n' "$start${reports%/}/matrix.html"
  for record; do
    for name in "${written[@]}" replay; do
      printf '%s\n' "$start${record%/conformance.json}/$name"
    done
  done
}

judge() {
  local status=0 verdict="could not judge" token="" path paths=() ours
  split_words=$(mktemp)
  hand_over
  read_words || status=4
  rm -f "$split_words"
  find_places
  remove_earlier
  for path in ${places[@]+"${places[@]}"}; do
    printf '%s\0' "$path"
  done >"$noted" || status=4
  if [ "$status" = 0 ]; then
    read -ra ours <<<"$command"
    if [ "$command" = "rename-tck run" ]; then
      # the command line alone goes before a target's own report-dir in rename-tck.toml
      ours+=("--report-dir=$reports")
    else
      # pytest, by which a night is judged, does not read that file
      export "RENAME_TCK_REPORT_DIR=$reports"
    fi
    for path in ${!INPUT_@}; do
      unset "$path"
    done
    if [ -n "${GITHUB_ACTIONS:-}" ]; then
      # what a server answers is shown, and must not command the runner
      token=stop-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
      printf '::stop-commands::%s\n' "$token"
    fi
    PATH=$(cd "$folder/bin" && pwd):$PATH "${ours[@]}" ${words[@]+"${words[@]}"} || status=$?
    [ -z "$token" ] || printf '\n::%s::\n' "$token"
  fi
  while IFS= read -r -d '' path; do
    paths+=("$path")
  done < <(records)
  # 3 is also the status of a run that a limit cut short, which has a verdict of its own
  if { [ "$status" -le 1 ] || [ "$status" = 3 ]; } && [ "${#paths[@]}" != 0 ]; then
    verdict=$("$python" -I -c '
import json, sys
runs = [run["verdict"] for path in sys.argv[2:] for run in json.load(open(path, encoding="utf-8"))["runs"]]
order = "does not conform", "could not judge", "incomplete", "conforms"
worst = min(runs, key=order.index, default=order[1])
print(order[1] if sys.argv[1] == "3" and worst != order[2] else worst)' "$status" "${paths[@]}") || verdict="could not judge"
  fi
  output status "$status"
  output verdict "$verdict"
  output report "$reports"
  output files "$(to_upload ${paths[@]+"${paths[@]}"})"
  return "$status"
}

summary() {
  local path none=yes page=${GITHUB_STEP_SUMMARY:-/dev/null}
  while IFS= read -r -d '' path; do
    none=""
    "$python" -P -m rename_tck report --format md -- "$path" >>"$page"
    printf '\n' >>"$page"
  done < <(records)
  [ -z "$none" ] || echo "No record was written." | tee -a "$page"
}

case ${1:-} in
  install) install ;;
  judge) judge ;;
  summary) summary ;;
  *)
    echo "usage: $0 install | judge | summary" >&2
    exit 2
    ;;
esac
