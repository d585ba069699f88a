# Environments of the real client libraries for tests/sdk. Source lib/common.sh first.
# shellcheck shell=bash

# sdk_environments: a virtual environment and a node_modules, each made anew when its list changes.
# The tests find them in SANMON_SDK_PYTHON and SANMON_SDK_NODE_MODULES.
sdk_environments() {
    if [ -f "$root/tests/sdk/requirements.txt" ]; then
        need_python
        python_environment
    fi
    if [ -f "$root/tests/sdk/package.json" ]; then
        need_node
        node_environment
    fi
}

# current STAMP FILE...: whether the stamp was written for these files as they are.
current() { [ "$(cat "$1" 2>/dev/null)" = "$(cat "${@:2}" | sha256sum)" ]; }
stamp() { cat "${@:2}" | sha256sum >"$1"; }

python_environment() {
    local venv="$cache/sdk-python" list="$root/tests/sdk/requirements.txt"
    if ! current "$venv/.installed" "$list"; then
        step "installing Python client libraries (pip)"
        rm -rf "$venv"
        mkdir -p "$cache"
        if ! python3 -m venv "$venv" >/dev/null 2>&1; then
            as_root apt-get update -qq >&2 && as_root apt-get install -y -qq python3-venv >&2 </dev/null ||
                die "python3 -m venv does not work; try: sudo apt-get install python3-venv"
            rm -rf "$venv"
            python3 -m venv "$venv" >&2
        fi
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input -r "$list" >&2 </dev/null ||
            die "pip could not install $list"
        stamp "$venv/.installed" "$list"
    fi
    export SANMON_SDK_PYTHON="$venv/bin/python"
}

node_environment() {
    local folder="$cache/sdk-node" files=("$root/tests/sdk/package.json")
    [ ! -f "$root/tests/sdk/package-lock.json" ] || files+=("$root/tests/sdk/package-lock.json")
    if ! current "$folder/.installed" "${files[@]}"; then
        step "installing Node client libraries (npm)"
        mkdir -p "$folder"
        cp "${files[@]}" "$folder/"
        (cd "$folder" && npm install --ignore-scripts --no-audit --no-fund --no-progress --loglevel=error >&2 </dev/null) ||
            die "npm could not install the packages of tests/sdk/package.json"
        stamp "$folder/.installed" "${files[@]}"
    fi
    export SANMON_SDK_NODE_MODULES="$folder/node_modules"
}
