#!/bin/sh
# A grader: the answer must name exactly one priority, P1 to P3. Reads the case as JSON, prints its verdict as JSON.
found=$(cat | grep -o 'priority: P[1-3]' | sort -u | wc -l)
if [ "$found" -eq 1 ]; then score=1 passed=true; else score=0 passed=false; fi
printf '{"score": %s, "assertions": [{"text": "names one priority", "passed": %s}]}\n' "$score" "$passed"
