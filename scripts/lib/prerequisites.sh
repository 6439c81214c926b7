# Sourced by ./scripts/dev and its like: checks what must be on the machine, installs the pinned tools, finds Node 22.

# the tools must not phone home
export DO_NOT_TRACK=1 SUPABASE_TELEMETRY_DISABLED=1 SUPABASE_NO_UPDATE_NOTIFIER=1 LITE_TELEMETRY=0
export WRANGLER_SEND_METRICS=false WRANGLER_SEND_ERROR_REPORTS=false CLOUDFLARE_CF_FETCH_ENABLED=false

fail() {
  printf '%s\n' "$1" >&2
  exit 1
}

# Names what is missing, each with its remedy in one line, and ends if anything is.
require_tools() {
  local missing=0 apt brew
  need() {
    command -v "$1" >/dev/null 2>&1 && return
    printf '%s is missing: %s\n' "$1" "$2" >&2
    missing=1
  }
  apt='apt install'
  brew='brew install'
  need git "$apt git (Debian, Ubuntu) or $brew git (macOS)"
  need curl "$apt curl or $brew curl"
  need cc "$apt build-essential, or xcode-select --install on macOS (a C compiler)"
  need rustup "see https://rustup.rs, or $brew rustup"
  need node "version 20 or newer: $apt nodejs npm, $brew node, or see https://nodejs.org"
  need npm "it comes with Node: $apt npm, or see https://nodejs.org"
  if command -v node >/dev/null 2>&1 && [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
    printf 'node is %s, but 20 or newer is needed: see https://nodejs.org\n' "$(node -v)" >&2
    missing=1
  fi
  [ "$missing" = 0 ] || exit 1
}

# npm ci, unless the lockfile is the one installed last time. Says how long it took.
install_tools() {
  local stamp=node_modules/.driftlock-lock start=$SECONDS log=.driftlock/npm.log
  cmp -s package-lock.json "$stamp" && return
  mkdir -p .driftlock
  printf '  installing the tools (npm ci, about a minute the first time) …\n'
  npm ci --no-progress >"$log" 2>&1 || fail "npm ci failed: $(grep -m1 -E 'npm error [^A]' "$log" || echo see "$log")"
  cp package-lock.json "$stamp"
  printf '  ✓ tools installed in %d s\n' $((SECONDS - start))
}

# Sets NODE to a Node of version 22 and puts the installed tools first on the PATH.
use_tools() {
  PATH="$PWD/node_modules/.bin:$PATH"
  NODE_COMPILE_CACHE="$PWD/.driftlock/cache/node" # the larger tools then load in half the time
  export PATH NODE_COMPILE_CACHE
  NODE=$(command -v node || true)
  case "$("$NODE" -v 2>/dev/null)" in
    v2[2-9].* | v[3-9][0-9].*) ;;
    *) fail 'Node 22 was not installed by npm (are install scripts disabled? npm config get ignore-scripts): run npm ci, or put Node 22 on the PATH' ;;
  esac
}

# The pinned Rust toolchain with its components; rustup fetches it once.
install_rust() {
  cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 && return
  printf '  installing the Rust toolchain of rust-toolchain.toml …\n'
  rustup toolchain install >/dev/null 2>&1 || rustup show >/dev/null
  cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt clippy
}
