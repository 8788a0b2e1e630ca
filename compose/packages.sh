# shellcheck shell=bash
# The Debian packages that Switchyard is built with and runs on. Sourced by compose/common.sh.

# shellcheck disable=SC2034
packages=(
  # what the Swift toolchain itself runs on and links with
  binutils libncurses6 libsqlite3-0 libstdc++-12-dev
  # servers
  rabbitmq-server postgresql
  # libraries
  librabbitmq-dev libpq-dev libmicrohttpd-dev libsodium-dev libssl-dev libgumbo-dev libxml2-dev libarchive-dev
  libjansson-dev libseccomp-dev libuchardet-dev libcmark-dev libcurl4-openssl-dev
  libmagic-dev libcsv-dev libexttextcat-dev libexttextcat-data libgmime-3.0-dev libgsf-1-dev zlib1g-dev libzstd-dev libxlsxwriter-dev
  libpcre2-dev libpango1.0-dev libidn2-dev libpsl-dev publicsuffix libopenblas-pthread-dev
  # fonts for PDFs that name the standard ones and bring none; a font to write reports with
  fonts-liberation fonts-dejavu-core
  # programs
  git python3-venv nghttp2-server zstd poppler-utils tesseract-ocr tesseract-ocr-eng openssl pkg-config curl jq procps util-linux ca-certificates
)

# The toolchain links with gold, which Debian 13 has taken out of binutils.
if [[ $(. /etc/os-release && echo "${VERSION_ID:-}") != 12 ]]; then packages+=(binutils-gold); fi
