#!/bin/sh
# Builds the browser and Node package of the detector into dist/cbad/{web,nodejs}.
# --quick builds in seconds after a change, larger and slower: for work on the code, not for measuring or deploying.
# Installs the wasm32-unknown-unknown target and wasm-bindgen (into .tools) where they are missing.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib/rust-tools.sh
profile=release
if [ "${1:-}" = --quick ]; then profile=quick; fi
wasm_target
tool wasm-bindgen-cli "$WASM_BINDGEN" wasm-bindgen
target=${CARGO_TARGET_DIR:-target}
# what the browser loads leaves windowReport out, and the codecs with it
for kind in web nodejs; do
  case $kind in web) features=wasm ;; nodejs) features=wasm-window ;; esac
  cargo rustc --locked -p cbad-wasm --lib --profile $profile --target wasm32-unknown-unknown --no-default-features --features $features --crate-type cdylib
  .tools/bin/wasm-bindgen --target $kind --out-dir "dist/cbad/$kind" --out-name cbad "$target/wasm32-unknown-unknown/$profile/cbad.wasm"
done
echo '{"name":"cbad","version":"0.1.0","type":"module","module":"cbad.js","types":"cbad.d.ts"}' > dist/cbad/web/package.json
echo '{"name":"cbad","version":"0.1.0","type":"commonjs","main":"cbad.js","types":"cbad.d.ts"}' > dist/cbad/nodejs/package.json
ls -l dist/cbad/*/cbad_bg.wasm
