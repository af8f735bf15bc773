#!/bin/sh
# apt.sh WHY PACKAGE... : install what is missing, saying what and why; asks for sudo where not root.
set -eu
why=$1
shift
command -v dpkg-query >/dev/null 2>&1 || { echo "no dpkg here: please install by hand: $*"; exit 0; }
missing=""
for package in "$@"; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "install ok installed" && continue
	# Ubuntu 24.04 has some libraries under a name ending in t64.
	dpkg-query -W -f '${Status}' "${package}t64" 2>/dev/null | grep -q "install ok installed" && continue
	missing="$missing $package"
done
[ -z "$missing" ] && exit 0
echo "needed for: $why"
echo "apt packages that are missing:$missing"
sudo=""
[ "$(id -u)" = 0 ] || { sudo=sudo; echo "this asks for your password (sudo apt-get install)"; }
$sudo apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing
