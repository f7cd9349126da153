param([string]$Path)
Get-Item $Path | Select-Object Length
