# Sourced by what builds wasm: installs the pinned Rust tools into .tools, in the checkout's root.
WORKER_BUILD=0.8.7 WASM_BINDGEN=0.2.129

# name, version, command: installs that command of a cargo tool, and no other, unless this very version is there
tool() {
  [ -e ".tools/.$1-$2" ] && [ -x ".tools/bin/${3:-$1}" ] && return
  echo "installing $1 $2 (once, some minutes)" >&2
  # they run for seconds: quick to build matters more than quick to run; what both depend on is built once
  CARGO_TARGET_DIR=target/tools CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    cargo install --quiet --locked --root .tools "$1" --version "$2" --bin "${3:-$1}"
  touch ".tools/.$1-$2"
}

# every runtime that Workers run in has it, and so have browsers
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=-Ctarget-feature=+simd128

wasm_target() {
  rustup target list --installed 2>/dev/null | grep -q wasm32-unknown-unknown || rustup target add wasm32-unknown-unknown >&2
}
