# Builds the build program (a no-op when it is up to date), then hands everything over.
$ErrorActionPreference = 'Stop'
if (-not (Get-Command dotnet -ErrorAction SilentlyContinue)) { Write-Error 'The .NET 10 SDK is missing: https://dot.net'; exit 1 }
$log = dotnet build "$PSScriptRoot/build/Xenolith.Build.csproj" -c Debug -nologo -v:q -nodeReuse:false 2>&1
if ($LASTEXITCODE -ne 0) { $log | Out-Host; exit 1 }
dotnet "$PSScriptRoot/out/bin/Host/Xenolith.Build/Debug/Xenolith.Build.dll" @args
exit $LASTEXITCODE
