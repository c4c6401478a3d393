#!/usr/bin/env bash
# The steps of nightly.yml that are more than a line. What lasts from night to night is in nights/: the last record that
# is a verdict, the history of all runs, and the cases that failed last.
#
#   nightly.sh install             set the suite up
#   nightly.sh judge               judge the target that the environment names; fails when there is no verdict
#   nightly.sh judge-agno PYTHON   the same for the real Agno AgentOS, started here with that interpreter
#   nightly.sh compare             write the job's summary; fails when a MUST got worse since the last verdict
#
# Installing, judging and the summary are those of the action, action.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

# in a clone pytest itself judges, by the clone's tests
export RENAME_TCK_VENV=.venv RENAME_TCK_COMMAND="python -m pytest"
python=.venv/bin/python
record=reports/conformance.json

# Whether the record is one of a run that judged all that there is.
has_verdict() {
  "$python" -c '
import json, sys
record = json.load(open(sys.argv[1], encoding="utf-8"))
sys.exit(record["exit_status"] > 1 or any(run["verdict"] == "incomplete" for run in record["runs"]))' "$record"
}

judge() {
  local status=0
  rm -rf reports
  mkdir -p nights reports
  # what failed last night is tried first
  [ ! -d nights/replay ] || cp -r nights/replay reports/replay
  INPUT_ARGS="--hypothesis-profile=nightly --history=nights/history.jsonl" .github/action.sh judge || status=$?
  rm -rf nights/replay
  [ ! -d reports/replay ] || cp -r reports/replay nights/replay
  # 0 and 1 are verdicts, and a night fails only on what got worse
  [ "$status" -le 1 ] || exit "$status"
  if [ -f "$record" ] && ! has_verdict; then
    echo "The night is incomplete: some requirements were left out."
    exit 3
  fi
}

judge_agno() {
  local interpreter=$1 said url=""
  said=$(mktemp)
  export AGNO_TELEMETRY=false OS_SECURITY_KEY=key-of-the-night
  "$interpreter" tests/suite/real/agno_app.py sqlite "$(mktemp -d)/sessions.db" >"$said" 2>&1 &
  trap "kill $!" EXIT
  for _ in $(seq 120); do
    url=$(grep -m 1 '^http://127.0.0.1:' "$said" || true)
    [ -z "$url" ] || break
    sleep 1
  done
  if [ -z "$url" ]; then
    cat "$said"
    echo "Agno did not start."
    exit 3
  fi
  PYTEST_BASE_URL=$url RENAME_TCK_API_KEY=$OS_SECURITY_KEY judge
}

compare() {
  local status=0 changes
  .github/action.sh summary
  [ -f "$record" ] || return 0
  # no verdict: the step that judged is red already, and the next night is compared with the last verdict
  has_verdict || return 0
  if [ -f nights/last.json ]; then
    changes=$(mktemp)
    "$python" -m rename_tck diff nights/last.json "$record" --format md >"$changes" || status=$?
    cat "$changes" >>"$GITHUB_STEP_SUMMARY"
    head -n 1 "$changes"
  else
    echo "There is no earlier night to compare with."
  fi
  mkdir -p nights
  cp "$record" nights/last.json
  return "$status"
}

case ${1:-} in
  install) .github/action.sh install ;;
  judge) judge ;;
  judge-agno) judge_agno "$2" ;;
  compare) compare ;;
  *)
    echo "usage: $0 install | judge | judge-agno PYTHON | compare" >&2
    exit 2
    ;;
esac
