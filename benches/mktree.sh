#!/bin/bash
# Records one bundle with git's plumbing, as well as a shell script can: what
# `git agentv record` is measured against.
#
#   mktree.sh REPOSITORY BUNDLE ID
#
# Same result in the tree: <id[:2]>/<id[2:]>/{run.json,artifacts/…}, one commit, one
# compare-and-swap. It does less: no numbers, no reading of the bundle.
set -euo pipefail
repo=$1 bundle=$2 id=$3
export GIT_DIR=$repo
ref=refs/agentv/runs/v1 shard=${id:0:2} rest=${id:2}
tip=$(git rev-parse --verify "$ref")
cd "$bundle"
# All blobs in one process; paths and ids are joined by line.
mapfile -t files < <(find . -type f -printf '%P\n' | sort)
printf '{"id": "%s"}\n' "$id" >"$bundle.json"
mapfile -t ids < <(printf '%s\n' "${files[@]}" "$bundle.json" | git hash-object -w --stdin-paths --no-filters)
top='' sub=''
for i in "${!files[@]}"; do
    case ${files[i]} in
    c0/*) sub+="100644 blob ${ids[i]}"$'\t'"${files[i]#c0/}"$'\n' ;;
    *) top+="100644 blob ${ids[i]}"$'\t'"${files[i]}"$'\n' ;;
    esac
done
sub=$(printf '%s' "$sub" | git mktree)
artifacts=$(printf '%s040000 tree %s\tc0\n' "$top" "$sub" | git mktree)
run=$(printf '100644 blob %s\trun.json\n040000 tree %s\tartifacts\n' "${ids[-1]}" "$artifacts" | git mktree)
shard_tree=$({ git ls-tree "$tip:$shard" 2>/dev/null || :; printf '040000 tree %s\t%s\n' "$run" "$rest"; } | git mktree)
root=$({ git ls-tree "$tip" | grep -v $'\t'"$shard\$" || :; printf '040000 tree %s\t%s\n' "$shard_tree" "$shard"; } | git mktree)
row=$(printf '{"run_id":"%s","test_count":1,"passed":1,"tags":[],"id":"%s","tree":"%s","errors":0,"format":"script"}' "${bundle##*/}" "$id" "$run")
commit=$(printf 'run %s\n\nAgentv-Run: %s\nAgentv-Op: record\nAgentv-Row: %s\n' "$id" "$id" "$row" | git commit-tree "$root" -p "$tip")
git update-ref "$ref" "$commit" "$tip"
