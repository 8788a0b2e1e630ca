# shellcheck shell=bash
# The Debian packages that Switchyard is built with and runs on. Sourced by compose/common.sh.

# shellcheck disable=SC2034
packages=(
  # servers
  rabbitmq-server postgresql
  # libraries
  librabbitmq-dev libpq-dev libmicrohttpd-dev libsodium-dev libgumbo-dev libxml2-dev libarchive-dev
  libjansson-dev libseccomp-dev libuchardet-dev libcmark-dev
  # programs
  poppler-utils openssl pkg-config curl jq procps util-linux ca-certificates
)
