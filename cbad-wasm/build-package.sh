#!/bin/sh
# Builds the browser and Node package of the detector into dist/cbad/{web,nodejs}.
# Needs the wasm32-unknown-unknown target and wasm-bindgen 0.2.129 (on PATH or in .tools/bin).
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.tools/bin:$PATH"
target=${CARGO_TARGET_DIR:-target}
cargo rustc -p cbad-wasm --lib --release --target wasm32-unknown-unknown --no-default-features --features wasm --crate-type cdylib
for kind in web nodejs; do
  wasm-bindgen --target $kind --out-dir "dist/cbad/$kind" --out-name cbad "$target/wasm32-unknown-unknown/release/cbad.wasm"
done
echo '{"name":"cbad","version":"0.1.0","type":"module","module":"cbad.js","types":"cbad.d.ts"}' > dist/cbad/web/package.json
echo '{"name":"cbad","version":"0.1.0","type":"commonjs","main":"cbad.js","types":"cbad.d.ts"}' > dist/cbad/nodejs/package.json
ls -l dist/cbad/*/cbad_bg.wasm
