# Environments of the real client libraries for tests/sdk. Source lib/common.sh first.
# shellcheck shell=bash

# sdk_environments: a virtual environment and a node_modules, each made anew when its list changes.
# The tests find them in SANMON_SDK_PYTHON and SANMON_SDK_NODE_MODULES.
sdk_environments() {
    need_python
    need_node
    python_environment sdk-python "$root/tests/sdk/requirements.txt"
    node_environment sdk-node "$root/tests/sdk"
    export SANMON_SDK_PYTHON="$cache/sdk-python/bin/python"
    export SANMON_SDK_NODE_MODULES="$cache/sdk-node/node_modules"
}

# client_environments: the same for the other clients of tests/clients.
client_environments() {
    python_environment clients-anthropic-1 "$root/tests/clients/requirements-anthropic-1.txt"
    python_environment clients-langchain "$root/tests/clients/requirements-langchain.txt"
    node_environment clients-node "$root/tests/clients"
    export SANMON_CLIENTS_ANTHROPIC_1="$cache/clients-anthropic-1/bin/python"
    export SANMON_CLIENTS_LANGCHAIN="$cache/clients-langchain/bin/python"
    export SANMON_CLIENTS_NODE_MODULES="$cache/clients-node/node_modules"
}

# current STAMP FILE...: whether the stamp was written for these files as they are.
current() { [ "$(cat "$1" 2>/dev/null)" = "$(cat "${@:2}" | sha256sum)" ]; }
stamp() { cat "${@:2}" | sha256sum >"$1"; }

# python_environment NAME LIST: a virtual environment with what the list says.
python_environment() {
    local venv="$cache/$1" list=$2
    if ! current "$venv/.installed" "$list"; then
        step "installing Python client libraries (pip, $1)"
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
}

# node_environment NAME FOLDER: a node_modules with what the folder's package.json and lock say.
node_environment() {
    local folder="$cache/$1" files=("$2/package.json" "$2/package-lock.json")
    if ! current "$folder/.installed" "${files[@]}"; then
        step "installing Node client libraries (npm, $1)"
        mkdir -p "$folder"
        cp "${files[@]}" "$folder/"
        (cd "$folder" && npm install --ignore-scripts --no-audit --no-fund --no-progress --loglevel=error >&2 </dev/null) ||
            die "npm could not install the packages of ${files[0]}"
        stamp "$folder/.installed" "${files[@]}"
    fi
}
