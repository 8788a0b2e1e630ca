# shellcheck shell=bash
# How the tests are built and run under a sanitizer. Sourced by compose/test.

# Set by compose/test.
: "${root:?}" "${sanitizer:?}"

scratch=$root/.build-$sanitizer
mkdir -p "$scratch"
control_flags=(-swift-version 6 "-sanitize=$sanitizer")
sanitizer_flags=("--sanitize=$sanitizer" --scratch-path "$scratch")

case $sanitizer in
  thread)
    # Teaches ThreadSanitizer the contended half of Swift's Mutex; see there.
    clang -O1 -fPIC -c "$root/Tests/Sanitizers/mutex.c" -o "$scratch/mutex.o"
    sanitizer_flags+=(-Xlinker "$scratch/mutex.o")
    control_flags+=(-Xlinker "$scratch/mutex.o")
    # The process that parses documents is a plain one: it has a single thread, and ThreadSanitizer refuses its vfork.
    swift build --package-path "$root" --product DocumentsWorker "${flags[@]}"
    SWITCHYARD_TEST_DOCUMENTS_WORKER=$(swift build --package-path "$root" "${flags[@]}" --show-bin-path)/DocumentsWorker
    export SWITCHYARD_TEST_DOCUMENTS_WORKER
    ;;
  address)
    # For the one limit that cannot hold in such a process, and so cannot be tested: that on address space, since the
    # sanitizer's shadow takes terabytes of it. Programs that a child becomes, pdftotext say, keep theirs.
    sanitizer_flags+=(-Xswiftc -DADDRESS_SANITIZED)
    arguments+=(--skip HostileTests/memoryLimitOfOurOwnParsers)
    ;;
esac
flags+=("${sanitizer_flags[@]}")

# Reports go to files: those of the services that tests start would otherwise be lost with their output.
export_sanitizer_options() {
  : "${folder:?}"
  export TSAN_OPTIONS="log_path=$folder/report"
  export ASAN_OPTIONS="log_path=$folder/report"
  export LSAN_OPTIONS="suppressions=$root/Tests/Sanitizers/lsan.supp:print_suppressions=0"
}

# Fails unless the sanitizer sees the faults of a program that has some, and none in its sound half.
check_control() {
  local control=$scratch/control reports=$folder/report
  swiftc "${control_flags[@]}" "$root/Tests/Sanitizers/control.swift" -o "$control" 2>"$control.log" ||
    fail "$(<"$control.log")"
  "$control" sound || fail "The $sanitizer sanitizer reports what is right"
  ! "$control" faulty || fail "The $sanitizer sanitizer does not see faults"
  compgen -G "$reports.*" >/dev/null || fail "The $sanitizer sanitizer reports, but not to $reports"
  rm "$reports".*
}

# Prints what the sanitizer reported, with Swift's names; fails when that is anything.
print_reports() {
  local reports
  mapfile -t reports < <(compgen -G "$folder/report.*")
  ((${#reports[@]} == 0)) && return
  say "Reports of the $sanitizer sanitizer, by process:"
  tail -n +1 "${reports[@]}" | swift demangle --simplified >&2
  return 1
}
