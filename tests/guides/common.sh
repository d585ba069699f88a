# What the scripts of guides have in common. Each call ends with its status on a line of its own.
call() {
    curl -sS -w '\n%{http_code}\n' "$@"
}

# The data plane follows a moment after a write was answered.
settled() {
    local planes= until=$((SECONDS + 20))
    until [[ $planes == *'"behind":0'* ]]; do
        ((SECONDS < until)) || { echo "the data plane does not follow: $planes" >&2; exit 1; }
        planes=$(curl -sS -H "X-API-KEY: $admin_key" "http://127.0.0.1:9180/apis/v1/data-planes")
    done
}

# admin <resource>: puts what it reads.
admin() {
    call -H "X-API-KEY: $admin_key" "http://127.0.0.1:9180/apisix/admin/$1" -X PUT -d @-
    settled
}
