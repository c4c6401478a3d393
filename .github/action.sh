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

report_folder() { given REPORT_DIR || printf '%s' "${RENAME_TCK_REPORT_DIR:-reports}"; }

# The records of a run, one after the other, each ended by NUL: one, or one in the folder of each target (--all).
records() {
  local reports=$1 path
  if [ -f "$reports/conformance.json" ]; then
    printf '%s\0' "$reports/conformance.json"
  else
    for path in "$reports"/*/conformance.json; do
      [ ! -f "$path" ] || printf '%s\0' "$path"
    done
  fi
}

install() {
  local root=${GITHUB_ACTION_PATH:-} source
  [ -n "$root" ] || root=$(cd "$(dirname "$0")/.." && pwd)
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
  for name in SYSTEM API_KEY OTHER_MODE_KEY USER SESSION_ID EDITION SPEC KNOWN_FAILURES HISTORY LEVEL; do
    if value=$(given "$name"); then
      export "RENAME_TCK_$name=$value"
    fi
  done
  if value=$(given BASE_URL); then
    export "PYTEST_BASE_URL=$value"
  fi
}

# Puts what the inputs `target` and `args` say into `words`; fails, with a sentence, where they cannot be used.
words=()
read_words() {
  local target word addressed="" split
  if target=$(given TARGET); then
    case $target in
      -*)
        say "target is the name of a target in rename-tck.toml: give options in args."
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
      --base-url | --base-url=* | --all) addressed=yes ;;
    esac
    words+=("$word")
  done <"$split_words"
  if [ -z "$addressed" ] && [ -z "${PYTEST_BASE_URL:-}" ]; then
    # an unset variable of the repository must not turn into a green of the embedded servers
    say "base-url is empty: give the URL of the server to judge, or the name of a target in rename-tck.toml as target."
    return 1
  fi
}

judge() {
  local status=0 verdict="could not judge" reports token="" path paths=() ours
  reports=$(report_folder)
  split_words=$(mktemp)
  hand_over
  # a configuration file may name another folder; this one is looked into below
  export "RENAME_TCK_REPORT_DIR=$reports"
  # what an earlier step left there is not this run's
  (cd -- "$reports" 2>/dev/null && rm -f conformance.json conformance.html conformance.md ctrf.json badge.json) || true
  read_words || status=4
  rm -f "$split_words"
  if [ "$status" = 0 ]; then
    read -ra ours <<<"$command"
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
  done < <(records "$reports")
  if [ "$status" -le 1 ] && [ "${#paths[@]}" != 0 ]; then
    verdict=$("$python" -I -c '
import json, sys
runs = [run["verdict"] for path in sys.argv[1:] for run in json.load(open(path, encoding="utf-8"))["runs"]]
order = "could not judge", "does not conform", "conforms"
print(min(runs, key=order.index, default=order[0]))' "${paths[@]}") || verdict="could not judge"
  fi
  output status "$status"
  output verdict "$verdict"
  output report "$reports"
  return "$status"
}

summary() {
  local reports path none=yes page=${GITHUB_STEP_SUMMARY:-/dev/null}
  reports=$(report_folder)
  while IFS= read -r -d '' path; do
    none=""
    "$python" -P -m rename_tck report "$path" --format md >>"$page"
    printf '\n' >>"$page"
  done < <(records "$reports")
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
