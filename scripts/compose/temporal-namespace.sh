#!/bin/sh
# One-shot: the namespace with 30 days of retention, and the search attributes of src/contract.ts. Runs again harmlessly.
# TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE are read by the CLI itself.
set -eu

# A new namespace is known to all of the server only after some seconds.
retry() {
  for attempt in 1 2 3 4 5 6 7 8 9; do
    "$@" && return
    echo "attempt $attempt failed: $*" >&2
    sleep 3
  done
  "$@"
}

namespace=${TEMPORAL_NAMESPACE:-default}
if temporal operator namespace describe --namespace "$namespace" >/dev/null 2>&1; then
  temporal operator namespace update --namespace "$namespace" --retention 720h
else
  temporal operator namespace create --namespace "$namespace" --retention 720h
fi
retry temporal operator search-attribute create --namespace "$namespace" \
  --name ClonePhase --type Keyword \
  --name CloneSource --type Keyword \
  --name CloneNamespace --type Keyword \
  --name CloneRequestedBy --type Keyword
