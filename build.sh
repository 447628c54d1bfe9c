#!/usr/bin/env bash
# Builds the build program when one of its sources is newer than it, then hands everything over.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
program="$root/out/bin/Host/Xenolith.Build/Debug/Xenolith.Build.dll"
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 # no ICU library is needed
command -v dotnet >/dev/null || { echo "The .NET 10 SDK is missing: https://dot.net (Debian: see learn.microsoft.com/dotnet/core/install/linux-debian)" >&2; exit 1; }
if [ ! -e "$program" ] || [ -n "$(find "$root"/build "$root"/Directory.Build.* "$root"/{kernel,drivers,hv,runtime-stub,tests} \
    \( -path "$root/build/*.*" -o -name 'Directory.Build.*' -o -path "$root/hv/abi/contract/*.cs" -o -name '*.stub.cs' \) -newer "$program" -print -quit 2>/dev/null)" ]; then
    log="$(dotnet build "$root/build/Xenolith.Build.csproj" -c Debug -nologo -v:q -nodeReuse:false </dev/null 2>&1)" || { grep ': error' <<<"$log" | sort -u >&2 || echo "$log" >&2; exit 1; }
    touch "$program"
fi
exec dotnet "$program" "$@"
