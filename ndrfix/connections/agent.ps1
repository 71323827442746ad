# The far side of ndrfix: reads states of resources and carries out items. Sent once for each session, then called by
# Read-Ndrfix and Invoke-Ndrfix with tables of texts; how requests and answers are spelled stands in protocol.py.
#
# Must run on Windows PowerShell 2.0 (CLR 2) up to PowerShell 7: no [ordered], no [pscustomobject], no ::new(), no -in, no JSON.
# Compare texts with CompareOrdinal, never with culture; every name is literal; whatever may fail stands inside a try.

$global:NdrfixInvariant = [System.Globalization.CultureInfo]::InvariantCulture
$global:NdrfixRisky = New-Object System.Text.RegularExpressions.Regex('[^ !-)+-;=@-\[\]-{}~]|_(?=[xX])')
$global:NdrfixEscaped = New-Object System.Text.RegularExpressions.Regex('\\(?:\\|u([0-9a-f]{4}))')
$global:NdrfixProgram = New-Object System.Text.RegularExpressions.Regex(
    '^(?:"([^"]*)|(.+?\.(?:exe|com|bat|cmd|sys|dll))(?=\s|$)|(\S+))',
    [System.Text.RegularExpressions.RegexOptions]'IgnoreCase, CultureInvariant')
$global:NdrfixRooted = New-Object System.Text.RegularExpressions.Regex('^(?:[A-Za-z]:\\|\\\\[^\\]+\\[^\\]+)')
$global:NdrfixEscape = [System.Text.RegularExpressions.MatchEvaluator] {
    param($Match)
    $char = $Match.Value
    if ([string]::CompareOrdinal($char, '\') -eq 0) { '\\' } else { '\u' + ([int][char]$char).ToString('x4') }
}
$global:NdrfixUnescape = [System.Text.RegularExpressions.MatchEvaluator] {
    param($Match)
    if ($Match.Groups[1].Success) { [string][char][Convert]::ToInt32($Match.Groups[1].Value, 16) } else { '\' }
}
$global:NdrfixStatus = @('', 'stopped', 'start_pending', 'stop_pending', 'running', 'continue_pending', 'pause_pending', 'paused')
$global:NdrfixStart = @('boot', 'system', 'automatic', 'manual', 'disabled')
$global:NdrfixTreeLimit = 16000000
$global:NdrfixAt = ''
$global:NdrfixVariable = New-Object System.Text.RegularExpressions.Regex('%([^%]+)%')
$global:NdrfixExpand = [System.Text.RegularExpressions.MatchEvaluator] {
    param($Match)
    $value = $NdrfixVariables[$Match.Groups[1].Value.ToUpperInvariant()]
    if ($value -eq $null) { $Match.Value } else { $value }
}
# The computer that everything is about; empty: this one. See "another computer".
$global:NdrfixMachine = ''
$global:NdrfixRoots = @{}
$global:NdrfixVariables = @{}
$global:NdrfixShare = ''
$global:NdrfixLost = $false
$global:NdrfixSlow = 0

# --- texts and errors

function global:ConvertTo-NdrfixText {
    param([string]$Text)
    $NdrfixRisky.Replace($Text, $NdrfixEscape)
}

function global:ConvertFrom-NdrfixText {
    param([string]$Text)
    $NdrfixEscaped.Replace($Text, $NdrfixUnescape)
}

function global:Test-NdrfixSame {
    param([string]$Left, [string]$Right)
    [string]::CompareOrdinal($Left, $Right) -eq 0
}

function global:Get-NdrfixCause {
    param($Record)
    $cause = $Record.Exception
    while ($cause.InnerException -ne $null) { $cause = $cause.InnerException }
    $cause
}

function global:Get-NdrfixCode {
    param($Cause)
    if ($Cause -is [System.ComponentModel.Win32Exception]) { $Cause.NativeErrorCode } else { 0 }
}

function global:Test-NdrfixDenied {
    param($Cause)
    ($Cause -is [System.UnauthorizedAccessException]) -or ($Cause -is [System.Security.SecurityException]) -or
        ((Get-NdrfixCode $Cause) -eq 5)
}

function global:Get-NdrfixUnreadable {
    param($Record)
    $cause = Get-NdrfixCause $Record
    $denied = '0'
    if (Test-NdrfixDenied $cause) { $denied = '1' }
    $reason = $cause.Message
    if ($NdrfixAt.Length -gt 0) { $reason = $NdrfixAt + ': ' + $reason }
    $state = 'unreadable>' + $denied + '>' + (ConvertTo-NdrfixText $reason)
    if ($NdrfixMachine.Length -eq 0) { return $state }
    $state + '>' + (Get-NdrfixFarCode $cause).ToString($NdrfixInvariant)
}

function global:Test-NdrfixAlike {
    param([string]$Left, [string]$Right)
    [string]::Compare($Left, $Right, [System.StringComparison]::OrdinalIgnoreCase) -eq 0
}

# --- another computer: this one is a management host, and all that is read and written is that of \\MACHINE

# Programs of the system are not started for this: a command line, and so a password in it, can be seen by others and is
# logged, and Set-Service of PowerShell 7 knows no other computer. What Windows itself offers is called instead. The password
# goes from the SecureString into memory that is cleared, and never becomes a text. NetUseAdd is what "net use" calls; a
# connection without a drive letter belongs to this log-on session alone and ends with it at the latest.
$global:NdrfixNativeText = '
using System;
using System.Runtime.InteropServices;
public static class NdrfixNative1 {
    [StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
    public struct Use {
        public string Local; public string Remote; public IntPtr Password; public uint Status; public uint Kind;
        public uint References; public uint Uses; public string User; public string Domain;
    }
    [DllImport("netapi32.dll", CharSet = CharSet.Unicode)]
    static extern int NetUseAdd(string server, int level, ref Use use, out int wrong);
    [DllImport("netapi32.dll", CharSet = CharSet.Unicode)]
    static extern int NetUseDel(string server, string remote, int force);
    [DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
    static extern bool ChangeServiceConfigW(SafeHandle service, uint kind, uint start, uint control, string path,
        string group, IntPtr tag, string needs, string account, string password, string display);
    public static int Connect(string remote, string user, string domain, IntPtr password) {
        Use use = new Use();
        use.Remote = remote; use.Password = password; use.Kind = 3; use.User = user;
        use.Domain = domain.Length > 0 || user.Contains("@") ? domain : null;
        int wrong;
        return NetUseAdd(null, 2, ref use, out wrong);
    }
    public static int Disconnect(string remote) { return NetUseDel(null, remote, 0); }
    public static int SetStart(SafeHandle service, int start) {
        uint same = 0xFFFFFFFF;
        bool done = ChangeServiceConfigW(service, same, (uint)start, same, null, null, IntPtr.Zero, null, null, null, null);
        return done ? 0 : Marshal.GetLastWin32Error();
    }
}'

function global:Initialize-NdrfixNative {
    if (-not ('NdrfixNative1' -as [type])) { Add-Type -TypeDefinition $NdrfixNativeText -IgnoreWarnings }
}

# The number of the Windows error behind an exception, 0 when there is none: a Win32Exception has it, others have it as HRESULT
# (0x8007xxxx), and the registry classes give the plain number as HRESULT.
function global:Get-NdrfixFarCode {
    param($Cause)
    if ($Cause -is [System.ComponentModel.Win32Exception]) { return $Cause.NativeErrorCode }
    $number = [System.Runtime.InteropServices.Marshal]::GetHRForException($Cause)
    if (($number -gt 0) -and ($number -lt 65536)) { return $number }
    if (($number -band -65536) -eq -2147024896) { return ($number -band 65535) }
    # "Unspecified error" (0x80004005) is one of the faces of a missing SMB1 client.
    if ($number -eq -2147467259) { return 16389 }
    0
}

# The log-on to \\MACHINE. "DOMAIN\user" is taken apart, "user@domain" stays whole; a plain name has no domain.
function global:Connect-NdrfixShare {
    param([string]$Machine, [string]$User, $Password)
    Initialize-NdrfixNative
    $name = $User
    $domain = ''
    $at = $User.IndexOfAny([char[]]'\')
    if ($at -ge 0) {
        $domain = $User.Substring(0, $at)
        $name = $User.Substring($at + 1)
    }
    $share = '\\' + $Machine + '\IPC$'
    $memory = [System.Runtime.InteropServices.Marshal]::SecureStringToGlobalAllocUnicode($Password)
    try {
        $code = [NdrfixNative1]::Connect($share, $name, $domain, $memory)
    } finally {
        [System.Runtime.InteropServices.Marshal]::ZeroFreeGlobalAllocUnicode($memory)
    }
    if ($code -ne 0) { throw (New-Object System.ComponentModel.Win32Exception($code)) }
    # Only now: a connection that somebody else made (error 1219) is not ours to remove.
    $global:NdrfixShare = $share
}

# What this management host is like, looked at and never changed: "SMB1 client there", "services by named pipes only".
function global:Get-NdrfixFacts {
    $old = [Environment]::OSVersion.Version.Major -lt 6
    $smb = [Microsoft.Win32.Registry]::GetValue('HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\mrxsmb10', 'Start', 4)
    $bits = [Microsoft.Win32.Registry]::GetValue('HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control', 'SCMApiConnectionParam', 0)
    $facts = '0|'
    if ($old -or (($smb -is [int]) -and ($smb -lt 4))) { $facts = '1|' }
    # The highest bit, 0x80000000, is the sign.
    if ($old -or (($bits -is [int]) -and ($bits -lt 0))) { $facts + '1' } else { $facts + '0' }
}

# Makes \\MACHINE the computer that everything after this is about. When that went wrong, it is said, and nothing after it is
# carried out: it would be about the wrong computer, or wait for each thing anew. When all is well, nothing is said: a line of
# its own would cost a round trip.
function global:Connect-Ndrfix {
    param($Target)
    $ErrorActionPreference = 'Stop'
    $global:NdrfixMachine = ConvertFrom-NdrfixText $Target['Machine']
    $global:NdrfixLost = $true
    $code = 0
    $message = ''
    $stage = 'host'
    try {
        $through = ConvertFrom-NdrfixText $Target['Through']
        $here = [Environment]::MachineName
        if (($through.Length -gt 0) -and -not (Test-NdrfixAlike $through $here)) { throw $here }
        $stage = 'logon'
        # An empty name would be this computer, in everything that follows.
        if ($NdrfixMachine.Length -eq 0) { throw 'no computer is named' }
        if ($Target['Password'] -ne $null) {
            Connect-NdrfixShare $NdrfixMachine (ConvertFrom-NdrfixText $Target['User']) $Target['Password']
        }
        $stage = 'registry'
        [void](Get-NdrfixFarRoot 'HKLM')
        $stage = ''
        $global:NdrfixLost = $false
    } catch {
        $cause = Get-NdrfixCause $_
        $code = Get-NdrfixFarCode $cause
        $message = $cause.Message
        Disconnect-Ndrfix
    }
    $facts = Get-NdrfixFacts
    if (($stage.Length -eq 0) -and $facts.EndsWith('|1', [System.StringComparison]::Ordinal)) { return }
    'target|' + $stage + '|' + $code.ToString($NdrfixInvariant) + '|' + (ConvertTo-NdrfixText $message) + '|' + $facts
}

# Ends what Connect-Ndrfix began, and nothing else.
function global:Disconnect-Ndrfix {
    foreach ($root in $NdrfixRoots.Values) { $root.Close() }
    $NdrfixRoots.Clear()
    $share = $NdrfixShare
    $global:NdrfixShare = ''
    if ($share.Length -gt 0) { [void][NdrfixNative1]::Disconnect($share) }
}

function global:Get-NdrfixFarRoot {
    param([string]$Hive)
    if (-not $NdrfixRoots.Contains($Hive)) {
        switch -CaseSensitive ($Hive) {
            'HKLM' { $number = [Microsoft.Win32.RegistryHive]::LocalMachine }
            'HKU' { $number = [Microsoft.Win32.RegistryHive]::Users }
            default { throw ('the hive ' + $Hive + ' of another computer cannot be reached') }
        }
        $NdrfixRoots[$Hive] = [Microsoft.Win32.RegistryKey]::OpenRemoteBaseKey($number, $NdrfixMachine)
    }
    $NdrfixRoots[$Hive]
}

# A text of the registry of \\MACHINE; empty when there is none.
function global:Get-NdrfixFarText {
    param([string]$Path, [string]$Name)
    $root = Get-NdrfixFarRoot 'HKLM'
    $key = $root.OpenSubKey($Path)
    if ($key -eq $null) { return '' }
    try {
        [string]$key.GetValue($Name, '', [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
    } finally {
        $key.Close()
    }
}

# The variables that its services see, from its own registry: those of this computer would lead to the wrong folders.
function global:Initialize-NdrfixVariables {
    $root = Get-NdrfixFarText 'SOFTWARE\Microsoft\Windows NT\CurrentVersion' 'SystemRoot'
    if ($root.Length -lt 2) { throw 'the registry does not say where Windows is (SystemRoot)' }
    $table = $NdrfixVariables
    $table['SYSTEMROOT'] = $root
    $table['WINDIR'] = $root
    $table['SYSTEMDRIVE'] = $root.Substring(0, 2)
    $table['PROGRAMFILES'] = Get-NdrfixFarText 'SOFTWARE\Microsoft\Windows\CurrentVersion' 'ProgramFilesDir'
    $table['COMMONPROGRAMFILES'] = Get-NdrfixFarText 'SOFTWARE\Microsoft\Windows\CurrentVersion' 'CommonFilesDir'
    $path = 'SYSTEM\CurrentControlSet\Control\Session Manager\Environment'
    $root = Get-NdrfixFarRoot 'HKLM'
    $key = $root.OpenSubKey($path)
    if ($key -eq $null) { return }
    try { $names = $key.GetValueNames() } finally { $key.Close() }
    foreach ($name in $names) {
        $folded = $name.ToUpperInvariant()
        if (-not $table.Contains($folded)) { $table[$folded] = $NdrfixVariable.Replace((Get-NdrfixFarText $path $name), $NdrfixExpand) }
    }
}

function global:Expand-NdrfixText {
    param([string]$Text)
    if ($NdrfixMachine.Length -eq 0) { return [Environment]::ExpandEnvironmentVariables($Text) }
    if ($Text.IndexOfAny([char[]]'%') -lt 0) { return $Text }
    if ($NdrfixVariables['SYSTEMROOT'] -eq $null) { Initialize-NdrfixVariables }
    $NdrfixVariable.Replace($Text, $NdrfixExpand)
}

# Where a path of \\MACHINE is reached from here: C:\x is \\MACHINE\C$\x.
function global:Get-NdrfixReach {
    param([string]$Path)
    if (($NdrfixMachine.Length -eq 0) -or -not (Test-NdrfixSame $Path.Substring(1, 1) ':')) { return $Path }
    '\\' + $NdrfixMachine + '\' + $Path.Substring(0, 1) + '$' + $Path.Substring(2)
}

# The way back from Get-NdrfixReach.
function global:Get-NdrfixOwnPath {
    param([string]$Path)
    $start = '\\' + $NdrfixMachine + '\'
    $after = $start.Length + 1
    if (($NdrfixMachine.Length -eq 0) -or -not $Path.StartsWith($start, [System.StringComparison]::OrdinalIgnoreCase)) { return $Path }
    if (($Path.Length -le $after) -or -not (Test-NdrfixSame $Path.Substring($after, 1) '$')) { return $Path }
    $tail = $Path.Substring($after + 1)
    if ($tail.Length -eq 0) { $tail = '\' }
    $Path.Substring($start.Length, 1) + ':' + $tail
}

# Everything below a share that is missing would pass for absent.
function global:Confirm-NdrfixShare {
    param([string]$Path)
    if ($NdrfixMachine.Length -eq 0) { return }
    try {
        [void][System.IO.File]::GetAttributes([System.IO.Path]::GetPathRoot($Path).TrimEnd([char[]]'\') + '\')
    } catch {
        $cause = Get-NdrfixCause $_
        if (($cause -isnot [System.IO.FileNotFoundException]) -and ($cause -isnot [System.IO.DirectoryNotFoundException])) { throw }
        throw (New-Object System.ComponentModel.Win32Exception(67))
    }
}

function global:Get-NdrfixFarComputer {
    $name = Get-NdrfixFarText 'SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName' 'ComputerName'
    if ($name.Length -eq 0) { $name = Get-NdrfixFarText 'SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName' 'ComputerName' }
    if ($name.Length -eq 0) { throw 'the registry does not say what the computer is called' }
    $path = 'SOFTWARE\Microsoft\Windows NT\CurrentVersion'
    $version = Get-NdrfixFarText $path 'CurrentVersion'
    $major = Get-NdrfixFarText $path 'CurrentMajorVersionNumber'
    if ($major.Length -gt 0) { $version = $major + '.' + (Get-NdrfixFarText $path 'CurrentMinorVersionNumber') }
    $version = $version + '.' + (Get-NdrfixFarText $path 'CurrentBuildNumber')
    $bits = '64'
    $processor = Get-NdrfixFarText 'SYSTEM\CurrentControlSet\Control\Session Manager\Environment' 'PROCESSOR_ARCHITECTURE'
    if (Test-NdrfixAlike $processor 'x86') { $bits = '32' }
    # Whoever may write among the services is an administrator for our purpose. Opening writes nothing.
    $administrator = '0'
    try {
        $root = Get-NdrfixFarRoot 'HKLM'
        $key = $root.OpenSubKey('SYSTEM\CurrentControlSet\Services', $true)
        if ($key -ne $null) {
            $key.Close()
            $administrator = '1'
        }
    } catch {
        if (-not (Test-NdrfixDenied (Get-NdrfixCause $_))) { throw }
    }
    'computer>' + (ConvertTo-NdrfixText $name) + '>' + (ConvertTo-NdrfixText $version) + '>' +
        (ConvertTo-NdrfixText $PSVersionTable['PSVersion'].ToString()) + '>' + $administrator + '>' + $bits
}

# --- registry

function global:Get-NdrfixRoot {
    param([string]$Hive)
    if ($NdrfixMachine.Length -gt 0) {
        # Only two hives of another computer can be opened; two more are parts of the first.
        if (Test-NdrfixSame $Hive 'HKU') { return Get-NdrfixFarRoot 'HKU' }
        if (Test-NdrfixSame $Hive 'HKCU') { throw 'HKCU is that of the log-on, which is none on another computer: name the user below HKU' }
        return Get-NdrfixFarRoot 'HKLM'
    }
    switch -CaseSensitive ($Hive) {
        'HKLM' { [Microsoft.Win32.Registry]::LocalMachine }
        'HKCR' { [Microsoft.Win32.Registry]::ClassesRoot }
        'HKCU' { [Microsoft.Win32.Registry]::CurrentUser }
        'HKU' { [Microsoft.Win32.Registry]::Users }
        'HKCC' { [Microsoft.Win32.Registry]::CurrentConfig }
        default { throw ('unknown hive ' + $Hive) }
    }
}

function global:Get-NdrfixKeyPath {
    param($Request)
    $path = ConvertFrom-NdrfixText $Request['Path']
    if ($NdrfixMachine.Length -eq 0) { return $path }
    switch -CaseSensitive ($Request['Hive']) {
        'HKCR' { 'SOFTWARE\Classes\' + $path }
        'HKCC' { 'SYSTEM\CurrentControlSet\Hardware Profiles\Current\' + $path }
        default { $path }
    }
}

function global:Open-NdrfixKey {
    param($Request, [bool]$Writable)
    $root = Get-NdrfixRoot $Request['Hive']
    $root.OpenSubKey((Get-NdrfixKeyPath $Request), $Writable)
}

function global:Test-NdrfixValue {
    param($Key, [string]$Name)
    foreach ($known in $Key.GetValueNames()) {
        if (Test-NdrfixAlike $known $Name) { return $true }
    }
    $false
}

# "TYPE, separator, CONTENT" of a value that exists. Numbers are unsigned; expandable texts stay unexpanded.
function global:Get-NdrfixData {
    param($Key, [string]$Name, [string]$Separator)
    $kind = [int]$Key.GetValueKind($Name)
    $value = $Key.GetValue($Name, $null, [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
    if (($kind -eq 1) -and ($value -is [string])) { return 'string' + $Separator + (ConvertTo-NdrfixText $value) }
    if (($kind -eq 2) -and ($value -is [string])) { return 'expandstring' + $Separator + (ConvertTo-NdrfixText $value) }
    if (($kind -eq 3) -and ($value -is [byte[]])) { return 'binary' + $Separator + [Convert]::ToBase64String($value) }
    if (($kind -eq -1) -and ($value -is [byte[]])) { return 'none' + $Separator + [Convert]::ToBase64String($value) }
    if (($kind -eq 4) -and ($value -is [int])) {
        $number = [BitConverter]::ToUInt32([BitConverter]::GetBytes($value), 0)
        return 'dword' + $Separator + $number.ToString($NdrfixInvariant)
    }
    if (($kind -eq 11) -and ($value -is [long])) {
        $number = [BitConverter]::ToUInt64([BitConverter]::GetBytes($value), 0)
        return 'qword' + $Separator + $number.ToString($NdrfixInvariant)
    }
    if (($kind -eq 7) -and ($value -is [string[]])) {
        $builder = New-Object System.Text.StringBuilder
        foreach ($element in $value) { [void]$builder.Append((ConvertTo-NdrfixText $element) + '?') }
        return 'multistring' + $Separator + $builder.ToString()
    }
    if ($kind -le 0) { throw 'the value has a registry type other than none, string, expandstring, binary, dword, qword and multistring' }
    throw ('the data does not fit the registry type ' + $kind.ToString($NdrfixInvariant) + ' of the value')
}

function global:Get-NdrfixValueState {
    param($Request)
    $key = Open-NdrfixKey $Request $false
    if ($key -eq $null) { return 'absent' }
    try {
        $name = ConvertFrom-NdrfixText $Request['Name']
        if (-not (Test-NdrfixValue $key $name)) { return 'absent' }
        return 'data>' + (Get-NdrfixData $key $name '>')
    } finally {
        $key.Close()
    }
}

function global:Get-NdrfixKeyState {
    param($Request)
    $key = Open-NdrfixKey $Request $false
    if ($key -eq $null) { return 'absent' }
    $key.Close()
    'present'
}

function global:Add-NdrfixTree {
    param($Key, [string]$Path, [int]$Depth, $Builder)
    [void]$Builder.Append('k*' + (ConvertTo-NdrfixText $Path) + '<')
    foreach ($name in $Key.GetValueNames()) {
        $global:NdrfixAt = $Key.Name + '\' + $name
        [void]$Builder.Append('v*' + (ConvertTo-NdrfixText $name) + '*' + (Get-NdrfixData $Key $name '*') + '<')
    }
    if ($Builder.Length -gt $NdrfixTreeLimit) { throw 'the tree holds more than 16 MB' }
    if ($Depth -le 0) { return }
    foreach ($child in $Key.GetSubKeyNames()) {
        $global:NdrfixAt = $Key.Name + '\' + $child
        $sub = $Key.OpenSubKey($child)
        if ($sub -eq $null) { continue }
        $below = $child
        if ($Path.Length -gt 0) { $below = $Path + '\' + $child }
        try { Add-NdrfixTree $sub $below ($Depth - 1) $Builder } finally { $sub.Close() }
    }
}

# All or nothing: a tree with one key that cannot be read is unreadable, since it would pass for complete.
function global:Get-NdrfixTreeState {
    param($Request)
    $key = Open-NdrfixKey $Request $false
    if ($key -eq $null) { return 'absent' }
    try {
        $builder = New-Object System.Text.StringBuilder
        Add-NdrfixTree $key '' ([int]$Request['Depth']) $builder
        return 'tree>' + $builder.ToString()
    } finally {
        $key.Close()
    }
}

# --- services

function global:Initialize-NdrfixServices {
    if (-not ('System.ServiceProcess.ServiceController' -as [type])) { Add-Type -AssemblyName 'System.ServiceProcess' }
}

# Its properties are asked for by their methods (get_Status): of a property that fails PowerShell makes $null, not an error.
# A controller for the short name only. The constructor that takes a name would look among display names first.
function global:New-NdrfixController {
    param([string]$Name)
    Initialize-NdrfixServices
    $controller = New-Object System.ServiceProcess.ServiceController
    if ($NdrfixMachine.Length -gt 0) { $controller.MachineName = $NdrfixMachine }
    $controller.ServiceName = $Name
    $controller
}

function global:Open-NdrfixServiceKey {
    param([string]$Name)
    if (($Name.Length -eq 0) -or ($Name.IndexOfAny([char[]]'\/') -ge 0)) { return }
    $root = Get-NdrfixRoot 'HKLM'
    $root.OpenSubKey('SYSTEM\CurrentControlSet\Services\' + $Name)
}

function global:Get-NdrfixImagePath {
    param([string]$Name)
    $key = Open-NdrfixServiceKey $Name
    if ($key -eq $null) { return }
    try {
        $key.GetValue('ImagePath', '', [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
    } finally {
        $key.Close()
    }
}

function global:Get-NdrfixRunningDependents {
    param($Controller)
    $names = New-Object System.Collections.ArrayList
    foreach ($dependent in $Controller.get_DependentServices()) {
        if ([int]$dependent.get_Status() -ne 1) { [void]$names.Add($dependent.ServiceName) }
    }
    $names.Sort([System.StringComparer]::Ordinal)
    $names
}

function global:Get-NdrfixStartType {
    param([string]$Name)
    $key = Open-NdrfixServiceKey $Name
    if ($key -eq $null) { return }
    try { $number = $key.GetValue('Start') } finally { $key.Close() }
    if (($number -isnot [int]) -or ($number -lt 0) -or ($number -gt 4)) { return }
    $NdrfixStart[$number]
}

function global:Get-NdrfixServiceState {
    param($Request)
    $name = ConvertFrom-NdrfixText $Request['Name']
    $start = Get-NdrfixStartType $name
    if ($start -eq $null) { return 'absent' }
    $controller = New-NdrfixController $name
    try {
        $watch = [System.Diagnostics.Stopwatch]::StartNew()
        try {
            $status = [int]$controller.get_Status()
            if ($watch.ElapsedMilliseconds -gt $NdrfixSlow) { $global:NdrfixSlow = $watch.ElapsedMilliseconds }
        } catch {
            if ((Get-NdrfixCode (Get-NdrfixCause $_)) -eq 1060) { return 'absent' }
            throw
        }
        $dependents = New-Object System.Text.StringBuilder
        foreach ($dependent in @(Get-NdrfixRunningDependents $controller)) {
            [void]$dependents.Append((ConvertTo-NdrfixText $dependent) + '?')
        }
        return 'service>' + $NdrfixStatus[$status] + '>' + $start + '>' + (ConvertTo-NdrfixText $controller.get_DisplayName()) + '>' +
            (ConvertTo-NdrfixText (Get-NdrfixImagePath $name)) + '>' + $dependents.ToString()
    } finally {
        $controller.Close()
    }
}

# --- files

# The program in an ImagePath: without quotes and arguments, with variables and the kernel's spellings expanded.
function global:Get-NdrfixProgramPath {
    param([string]$Image)
    $match = $NdrfixProgram.Match((Expand-NdrfixText $Image).Trim())
    $path = $match.Groups[1].Value + $match.Groups[2].Value + $match.Groups[3].Value
    $ignoring = [System.StringComparison]::OrdinalIgnoreCase
    if ($path.StartsWith('\??\', [System.StringComparison]::Ordinal)) { $path = $path.Substring(4) }
    if ($path.StartsWith('\SystemRoot\', $ignoring)) { $path = '%SystemRoot%' + $path.Substring(11) }
    if ($path.StartsWith('system32\', $ignoring)) { $path = '%SystemRoot%\' + $path }
    Expand-NdrfixText $path
}

# The folder or file that a registry value or a service names; nothing when the value or the service does not exist.
function global:Get-NdrfixBase {
    param($Request)
    if (Test-NdrfixSame $Request['Base'] 'service') {
        $image = Get-NdrfixImagePath (ConvertFrom-NdrfixText $Request['Name'])
        if (-not $image) { return }
        return Get-NdrfixProgramPath $image
    }
    $key = Open-NdrfixKey $Request $false
    if ($key -eq $null) { return }
    try {
        $name = ConvertFrom-NdrfixText $Request['Name']
        if (-not (Test-NdrfixValue $key $name)) { return }
        $value = $key.GetValue($name, $null, [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
        if ($value -isnot [string]) { throw ($key.Name + '\' + $name + ' is no text, so it names no path') }
        if ([int]$key.GetValueKind($name) -eq 2) { Expand-NdrfixText $value } else { $value }
    } finally {
        $key.Close()
    }
}

function global:Resolve-NdrfixPath {
    param($Request)
    $path = ConvertFrom-NdrfixText $Request['Tail']
    if (-not (Test-NdrfixSame $Request['Base'] '')) {
        $base = Get-NdrfixBase $Request
        if ($base -eq $null) { return }
        if ($path.Length -gt 0) { $base = $base.TrimEnd([char[]]'\') }
        $path = $base + $path
    }
    $path = $path.Replace('/', '\')
    if (-not $NdrfixRooted.IsMatch($path)) { throw ("'" + $path + "' is no full path") }
    # From the path as it is reached: short names (EXCHSR~1) are looked up on the disk, and not on that of this computer.
    $path = Get-NdrfixOwnPath ([System.IO.Path]::GetFullPath((Get-NdrfixReach $path)))
    if ($path.Length -gt 3) { $path = $path.TrimEnd([char[]]'\') }
    $path
}

# The attributes of a file or folder as a number; nothing when it does not exist.
function global:Get-NdrfixAttributes {
    param([string]$Path)
    try {
        [int][System.IO.File]::GetAttributes($Path)
    } catch {
        $cause = Get-NdrfixCause $_
        if ($cause -is [System.IO.FileNotFoundException]) { return }
        if ($cause -isnot [System.IO.DirectoryNotFoundException]) { throw }
        Confirm-NdrfixShare $Path
    }
}

function global:Get-NdrfixTime {
    param($Info)
    $Info.LastWriteTimeUtc.ToString("yyyy'-'MM'-'dd'T'HH':'mm':'ss'Z'", $NdrfixInvariant)
}

function global:Get-NdrfixFileState {
    param($Request)
    $path = Resolve-NdrfixPath $Request
    if ($path -eq $null) { return 'absent' }
    $reach = Get-NdrfixReach $path
    $attributes = Get-NdrfixAttributes $reach
    if ($attributes -eq $null) { return 'absent' }
    $tail = '>0>1'
    $size = '0'
    if (($attributes -band 16) -ne 0) {
        $info = New-Object System.IO.DirectoryInfo($reach)
    } else {
        $info = New-Object System.IO.FileInfo($reach)
        $size = $info.Length.ToString($NdrfixInvariant)
        $tail = '>0>0'
    }
    if (($attributes -band 1) -ne 0) { $tail = '>1' + $tail.Substring(2) }
    'file>' + (ConvertTo-NdrfixText $path) + '>' + $size + '>' + (Get-NdrfixTime $info) + $tail
}

function global:Get-NdrfixVersionState {
    param($Request)
    $path = Resolve-NdrfixPath $Request
    if ($path -eq $null) { return 'absent' }
    $reach = Get-NdrfixReach $path
    $attributes = Get-NdrfixAttributes $reach
    if ($attributes -eq $null) { return 'absent' }
    if (($attributes -band 16) -ne 0) { throw ($path + ' is a folder') }
    # A file that may not be read would pass for one without a version: open it first.
    $share = [System.IO.FileShare]'ReadWrite, Delete'
    $stream = New-Object System.IO.FileStream($reach, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, $share)
    $stream.Close()
    $found = [System.Diagnostics.FileVersionInfo]::GetVersionInfo($reach)
    $version = ''
    if (($found.FileVersion -ne $null) -or ($found.FileMajorPart -ne 0)) {
        $parts = @($found.FileMajorPart, $found.FileMinorPart, $found.FileBuildPart, $found.FilePrivatePart)
        $version = [string]::Join('.', [string[]]$parts)
    }
    $info = New-Object System.IO.FileInfo($reach)
    'version>' + (ConvertTo-NdrfixText $path) + '>' + $version + '>' + $info.Length.ToString($NdrfixInvariant) + '>' +
        (Get-NdrfixTime $info)
}

# --- the computer

function global:Get-NdrfixComputerState {
    if ($NdrfixMachine.Length -gt 0) { return Get-NdrfixFarComputer }
    $identity = [System.Security.Principal.WindowsIdentity]::GetCurrent()
    $principal = New-Object System.Security.Principal.WindowsPrincipal($identity)
    $administrator = '0'
    if ($principal.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)) { $administrator = '1' }
    $bits = ([IntPtr]::Size * 8).ToString($NdrfixInvariant)
    'computer>' + (ConvertTo-NdrfixText ([Environment]::MachineName)) + '>' + [Environment]::OSVersion.Version.ToString() + '>' +
        (ConvertTo-NdrfixText $PSVersionTable['PSVersion'].ToString()) + '>' + $administrator + '>' + $bits
}

# --- reading

function global:Get-NdrfixState {
    param($Request)
    switch -CaseSensitive ($Request['Kind']) {
        'value' { Get-NdrfixValueState $Request }
        'key' { Get-NdrfixKeyState $Request }
        'tree' { Get-NdrfixTreeState $Request }
        'service' { Get-NdrfixServiceState $Request }
        'restart' { Get-NdrfixServiceState $Request }
        'watch' { Get-NdrfixServiceState $Request }
        'folder' { Get-NdrfixFolderState $Request }
        'quarantine' { Get-NdrfixQuarantineState $Request }
        'quarantines' { Get-NdrfixQuarantinesState $Request }
        'file' { Get-NdrfixFileState $Request }
        'version' { Get-NdrfixVersionState $Request }
        'computer' { Get-NdrfixComputerState }
        default { throw ('unknown kind of resource ' + $Request['Kind']) }
    }
}

function global:Get-NdrfixReading {
    param($Request)
    $global:NdrfixAt = ''
    try { Get-NdrfixState $Request } catch { Get-NdrfixUnreadable $_ }
}

function global:Read-Ndrfix {
    param($Request)
    $ErrorActionPreference = 'Stop'
    $index = 0
    $builder = New-Object System.Text.StringBuilder
    if ($NdrfixLost) { return }
    foreach ($one in $Request) {
        $number = $index.ToString($NdrfixInvariant)
        if (Test-NdrfixSame $one['Kind'] 'queue') {
            Read-NdrfixQueue $one $number $builder
        } else {
            [void]$builder.Append('state|' + $number + '|' + (Get-NdrfixReading $one))
            [void]$builder.Append([char]10)
        }
        $index = $index + 1
    }
    if ($NdrfixSlow -ge 10000) { [void]$builder.Append('slow|' + $NdrfixSlow.ToString($NdrfixInvariant)) }
    $builder.ToString()
}

# --- writing the registry

function global:Remove-NdrfixValue {
    param($Request)
    $key = Open-NdrfixKey $Request $true
    if ($key -eq $null) { return }
    try {
        $key.DeleteValue((ConvertFrom-NdrfixText $Request['Name']), $false)
        $key.Flush()
    } finally {
        $key.Close()
    }
}

function global:Set-NdrfixData {
    param($Key, [string]$Name, [string]$Type, [string]$Content)
    if ($Content.Contains('\u0000')) { throw 'a text in the registry cannot hold a NUL' }
    switch -CaseSensitive ($Type) {
        'string' { $Key.SetValue($Name, (ConvertFrom-NdrfixText $Content), [Microsoft.Win32.RegistryValueKind]::String) }
        'expandstring' { $Key.SetValue($Name, (ConvertFrom-NdrfixText $Content), [Microsoft.Win32.RegistryValueKind]::ExpandString) }
        'binary' { $Key.SetValue($Name, [Convert]::FromBase64String($Content), [Microsoft.Win32.RegistryValueKind]::Binary) }
        'none' {
            if ([Environment]::Version.Major -lt 4) { throw 'a value of the type none needs .NET 4 or later to be written' }
            $Key.SetValue($Name, [Convert]::FromBase64String($Content), [Microsoft.Win32.RegistryValueKind](-1))
        }
        'dword' {
            $number = [BitConverter]::ToInt32([BitConverter]::GetBytes([Convert]::ToUInt32($Content, $NdrfixInvariant)), 0)
            $Key.SetValue($Name, $number, [Microsoft.Win32.RegistryValueKind]::DWord)
        }
        'qword' {
            $number = [BitConverter]::ToInt64([BitConverter]::GetBytes([Convert]::ToUInt64($Content, $NdrfixInvariant)), 0)
            $Key.SetValue($Name, $number, [Microsoft.Win32.RegistryValueKind]::QWord)
        }
        'multistring' {
            $list = New-Object System.Collections.ArrayList
            foreach ($element in $NdrfixElement.Matches($Content)) { [void]$list.Add((ConvertFrom-NdrfixText $element.Groups[1].Value)) }
            $Key.SetValue($Name, [string[]]$list.ToArray([string]), [Microsoft.Win32.RegistryValueKind]::MultiString)
        }
        default { throw ('unknown registry type ' + $Type) }
    }
}

$global:NdrfixElement = New-Object System.Text.RegularExpressions.Regex('([^?]*)\?')

function global:Write-NdrfixValue {
    param($Request)
    $parts = $Request['After'].Split([char[]]'>')
    if (Test-NdrfixSame $parts[0] 'absent') {
        Remove-NdrfixValue $Request
        return
    }
    $root = Get-NdrfixRoot $Request['Hive']
    $key = $root.CreateSubKey((Get-NdrfixKeyPath $Request))
    try {
        Set-NdrfixData $key (ConvertFrom-NdrfixText $Request['Name']) $parts[1] $parts[2]
        $key.Flush()
    } finally {
        $key.Close()
    }
}

function global:Write-NdrfixKey {
    param($Request)
    $root = Get-NdrfixRoot $Request['Hive']
    $path = Get-NdrfixKeyPath $Request
    if (Test-NdrfixSame $Request['After'] 'absent') {
        $key = $root.OpenSubKey($path)
        if ($key -eq $null) { return }
        try { $below = $key.SubKeyCount } finally { $key.Close() }
        if ($below -gt 0) { throw ('the key has ' + $below.ToString($NdrfixInvariant) + ' subkeys and is left alone') }
        $root.DeleteSubKey($path)
        $root.Flush()
        return
    }
    if (-not (Test-NdrfixSame $Request['After'] 'present')) { throw 'a key is either present or absent' }
    $key = $root.CreateSubKey($path)
    try { $key.Flush() } finally { $key.Close() }
}

# --- driving services. A job is a table: Index, Name, Watch, Limit, Beat, Next, Status, Before.

function global:Get-NdrfixNextStep {
    param([int]$Code)
    switch ($Code) {
        5 { 'Use an account that is an administrator of the host.' }
        1051 { 'Stop the services that depend on it first.' }
        1052 { 'The service does not accept this request in its state; look at it in the services console.' }
        1053 { 'Look in the event log of the host; raise the time limit when the service is only slow.' }
        1058 { 'Set its start type to manual or automatic first.' }
        1060 { 'Check the name of the service.' }
        1068 { 'Start the services it depends on first.' }
        1069 { 'Check the account and password that the service runs under.' }
        1072 { 'The service is being deleted; close the services console or restart the host.' }
        default { 'Look in the event log of the host.' }
    }
}

function global:Start-NdrfixWatch {
    param($Job)
    $Job['Watch'] = [System.Diagnostics.Stopwatch]::StartNew()
    $Job['Beat'] = 0
}

function global:Get-NdrfixSeconds {
    param($Milliseconds)
    ($Milliseconds / 1000.0).ToString('0.#', $NdrfixInvariant)
}

function global:Write-NdrfixBeat {
    param($Job, [string]$Text)
    'progress|' + $Job['Index'] + '|' + $Job['Watch'].ElapsedMilliseconds.ToString($NdrfixInvariant) + '|' +
        $Job['Limit'].ToString($NdrfixInvariant) + '|' + (ConvertTo-NdrfixText $Text)
}

function global:Wait-NdrfixService {
    param($Job, $Controller, [string]$Doing, $Until)
    while ($true) {
        $Controller.Refresh()
        $status = [int]$Controller.get_Status()
        $Job['Seen'] = $status
        if ($Until -contains $status) { return }
        $elapsed = $Job['Watch'].ElapsedMilliseconds
        $shown = $NdrfixStatus[$status].ToUpperInvariant()
        if ($elapsed -ge $Job['Limit']) {
            $Job['Next'] = 'Look at the service on the host; raise the time limit when it is only slow.'
            throw ($Job['Name'] + ' is still ' + $shown + ' ' + (Get-NdrfixSeconds $elapsed) + ' s after ' + $Doing + ' began (limit ' +
                (Get-NdrfixSeconds $Job['Limit']) + ' s)')
        }
        if ($elapsed -ge $Job['Beat']) {
            $Job['Beat'] = $elapsed + 1000
            Write-NdrfixBeat $Job ($Doing + ' ' + $Job['Name'] + ': ' + $shown)
        }
        [System.Threading.Thread]::Sleep(200)
    }
}

# Asks the service control manager for one transition; "already so" is no error.
function global:Send-NdrfixControl {
    param($Job, $Controller, [string]$Verb)
    try {
        switch -CaseSensitive ($Verb) {
            'stop' { $Controller.Stop() }
            'start' { $Controller.Start() }
            'continue' { $Controller.Continue() }
        }
    } catch {
        $cause = Get-NdrfixCause $_
        $code = Get-NdrfixCode $cause
        if (($code -eq 1056) -or ($code -eq 1062)) { return }
        $Job['Next'] = Get-NdrfixNextStep $code
        $number = ''
        if ($code -ne 0) { $number = ' (Windows error ' + $code.ToString($NdrfixInvariant) + ')' }
        throw ('cannot ' + $Verb + ' ' + $Job['Name'] + ': ' + $cause.Message.TrimEnd([char[]]'. ') + $number)
    }
}

function global:Stop-NdrfixService {
    param($Job, $Controller)
    Wait-NdrfixService $Job $Controller 'stopping' @(1, 4, 7)
    if ($Job['Seen'] -eq 1) { return }
    $dependents = @(Get-NdrfixRunningDependents $Controller)
    if ($dependents.Count -gt 0) {
        $Job['Next'] = Get-NdrfixNextStep 1051
        throw ('cannot stop ' + $Job['Name'] + ': services that depend on it are running: ' + [string]::Join(', ', [string[]]$dependents))
    }
    Send-NdrfixControl $Job $Controller 'stop'
    Wait-NdrfixService $Job $Controller 'stopping' @(1)
}

function global:Start-NdrfixService {
    param($Job, $Controller)
    Wait-NdrfixService $Job $Controller 'starting' @(1, 4, 7)
    if ($Job['Seen'] -eq 4) { return }
    $verb = 'start'
    if ($Job['Seen'] -eq 7) { $verb = 'continue' }
    Send-NdrfixControl $Job $Controller $verb
    Wait-NdrfixService $Job $Controller 'starting' @(1, 4)
    if ($Job['Seen'] -eq 1) {
        $Job['Next'] = Get-NdrfixNextStep 0
        throw ($Job['Name'] + ' stopped again right after it was started')
    }
}

function global:Set-NdrfixFarStart {
    param($Controller, [int]$Start)
    Initialize-NdrfixNative
    $code = [NdrfixNative1]::SetStart($Controller.get_ServiceHandle(), $Start)
    if ($code -ne 0) { throw (New-Object System.ComponentModel.Win32Exception($code)) }
}

function global:Set-NdrfixStartType {
    param($Job, $Controller, [string]$Start)
    if (Test-NdrfixSame (Get-NdrfixStartType $Job['Name']) $Start) { return }
    switch -CaseSensitive ($Start) {
        'automatic' { $wanted = 'Automatic'; $number = 2 }
        'manual' { $wanted = 'Manual'; $number = 3 }
        'disabled' { $wanted = 'Disabled'; $number = 4 }
        default { throw ('the start type ' + $Start + ' is for drivers and is not set') }
    }
    try {
        if ($NdrfixMachine.Length -gt 0) {
            Set-NdrfixFarStart $Controller $number
        } else {
            Set-Service -InputObject $Controller -StartupType $wanted
        }
    } catch {
        # Set-Service of PowerShell 7 sets more than the start type, and may fail at the rest: what is there now counts.
        if (Test-NdrfixSame (Get-NdrfixStartType $Job['Name']) $Start) { return }
        $cause = Get-NdrfixCause $_
        $Job['Next'] = Get-NdrfixNextStep (Get-NdrfixCode $cause)
        throw ('cannot set the start type of ' + $Job['Name'] + ': ' + $cause.Message)
    }
}

function global:Write-NdrfixService {
    param($Job, $Controller)
    $wanted = $Job['Request']['After'].Split([char[]]'>')
    if (-not (Test-NdrfixSame $wanted[0] 'service')) { throw 'a service is neither created nor deleted' }
    switch -CaseSensitive ($wanted[1]) {
        'stopped' {
            Stop-NdrfixService $Job $Controller
            Set-NdrfixStartType $Job $Controller $wanted[2]
        }
        'running' {
            Set-NdrfixStartType $Job $Controller $wanted[2]
            Start-NdrfixService $Job $Controller
        }
        default {
            if (-not (Test-NdrfixSame $wanted[1] $Job['Settled'])) { throw ('a service cannot be brought to the state ' + $wanted[1]) }
            Set-NdrfixStartType $Job $Controller $wanted[2]
        }
    }
}

# --- items

# What is compared: all of a state, but of a service its status and start type, and of a quarantine as many parts as are wanted.
function global:Get-NdrfixCore {
    param([string]$State, [string]$Wanted)
    $parts = $State.Split([char[]]'>')
    if (Test-NdrfixSame $parts[0] 'service') { return [string]::Join('>', $parts, 0, 3) }
    $count = $Wanted.Split([char[]]'>').Length
    if (($count -gt $parts.Length) -or -not (Test-NdrfixSame $parts[0] 'quarantine')) { return $State }
    [string]::Join('>', $parts, 0, $count)
}

function global:Write-NdrfixRegistry {
    param($Job)
    $request = $Job['Request']
    if (Test-NdrfixSame $Job['Before'] $request['Before']) {
        if (Test-NdrfixSame $request['Before'] $request['After']) { return }
        if (Test-NdrfixSame $request['Kind'] 'value') { Write-NdrfixValue $request } else { Write-NdrfixKey $request }
    } else {
        $Job['Status'] = 'drifted'
    }
}

# A state that was seen in passing (START_PENDING) may have settled since: either what is there now or what it settles to counts.
function global:Invoke-NdrfixServiceChange {
    param($Job)
    $request = $Job['Request']
    $core = Get-NdrfixCore $Job['Before']
    $controller = New-NdrfixController $Job['Name']
    try {
        $same = Test-NdrfixSame $core $request['Before']
        if ($core.StartsWith('service>', [System.StringComparison]::Ordinal)) {
            if ($core.Contains('_pending>')) { Wait-NdrfixService $Job $controller 'waiting for' @(1, 4, 7) }
            $settled = Get-NdrfixServiceState $request
            $Job['Settled'] = $settled.Split([char[]]'>')[1]
            if (Test-NdrfixSame (Get-NdrfixCore $settled) $request['Before']) { $same = $true }
            if (-not $same) { $Job['Before'] = $settled }
        }
        if (-not $same) {
            $Job['Status'] = 'drifted'
            return
        }
        if (Test-NdrfixSame $request['Before'] $request['After']) { return }
        if (Test-NdrfixSame $core 'absent') { throw 'a service is neither created nor deleted' }
        Write-NdrfixService $Job $controller
    } finally {
        $controller.Close()
    }
}

function global:Invoke-NdrfixRestart {
    param($Job)
    if (Test-NdrfixSame $Job['Before'] 'absent') {
        $Job['Next'] = Get-NdrfixNextStep 1060
        throw ('there is no service with the short name ' + $Job['Name'])
    }
    if ($Job['Before'].Contains('>disabled>')) {
        $Job['Next'] = Get-NdrfixNextStep 1058
        throw ($Job['Name'] + ' is disabled: it would not come back, so it was not stopped')
    }
    $controller = New-NdrfixController $Job['Name']
    try {
        Stop-NdrfixService $Job $controller
        Start-NdrfixWatch $Job
        try {
            Start-NdrfixService $Job $controller
        } catch {
            $message = (Get-NdrfixCause $_).Message
            $controller.Refresh()
            if ([int]$controller.get_Status() -eq 1) { $message = $Job['Name'] + ' IS STOPPED: ' + $message }
            throw $message
        }
    } finally {
        $controller.Close()
    }
}

# Waits as long as the service runs, at most until the time is up: what is read after it tells which.
function global:Watch-NdrfixService {
    param($Job)
    if (Test-NdrfixSame $Job['Before'] 'absent') {
        $Job['Next'] = Get-NdrfixNextStep 1060
        throw ('there is no service with the short name ' + $Job['Name'])
    }
    $controller = New-NdrfixController $Job['Name']
    try {
        while ($true) {
            $controller.Refresh()
            $status = [int]$controller.get_Status()
            $elapsed = $Job['Watch'].ElapsedMilliseconds
            if ((($status -ne 2) -and ($status -ne 4)) -or ($elapsed -ge $Job['Limit'])) { return }
            if ($elapsed -ge $Job['Beat']) {
                $Job['Beat'] = $elapsed + 1000
                Write-NdrfixBeat $Job ('watching ' + $Job['Name'] + ': ' + $NdrfixStatus[$status].ToUpperInvariant())
            }
            [System.Threading.Thread]::Sleep(200)
        }
    } finally {
        $controller.Close()
    }
}

function global:Invoke-NdrfixItem {
    param($Job)
    if (Test-NdrfixSame $Job['Request']['Kind'] 'move') {
        Invoke-NdrfixMove $Job
        return
    }
    $Job['Before'] = Get-NdrfixReading $Job['Request']
    if ($Job['Before'].StartsWith('unreadable>', [System.StringComparison]::Ordinal)) {
        $parts = $Job['Before'].Split([char[]]'>')
        if (Test-NdrfixSame $parts[1] '1') { $Job['Next'] = Get-NdrfixNextStep 5 }
        throw ('cannot be read: ' + (ConvertFrom-NdrfixText $parts[2]))
    }
    switch -CaseSensitive ($Job['Request']['Kind']) {
        'value' { Write-NdrfixRegistry $Job }
        'key' { Write-NdrfixRegistry $Job }
        'service' { Invoke-NdrfixServiceChange $Job }
        'restart' { Invoke-NdrfixRestart $Job }
        'watch' { Watch-NdrfixService $Job }
        'quarantine' { Invoke-NdrfixQuarantineChange $Job }
        default { throw ('unknown kind of item ' + $Job['Request']['Kind']) }
    }
}

function global:New-NdrfixJob {
    param($Request, [int]$Index)
    $job = @{
        'Request' = $Request; 'Index' = $Index.ToString($NdrfixInvariant); 'Limit' = [int]$Request['Timeout']; 'Before' = ''
        'Name' = (ConvertFrom-NdrfixText $Request['Name']); 'Status' = 'done'; 'Message' = ''; 'Next' = ''; 'Settled' = ''; 'Seen' = 0
    }
    Start-NdrfixWatch $job
    $job
}

function global:Set-NdrfixFailure {
    param($Job, $Record)
    $cause = Get-NdrfixCause $Record
    $Job['Status'] = 'failed'
    $Job['Message'] = $cause.Message
    if ((Test-NdrfixDenied $cause) -and ($Job['Next'].Length -eq 0)) { $Job['Next'] = Get-NdrfixNextStep 5 }
}

# Reads back, and says of an item that seemed to work whether it did.
function global:Complete-NdrfixJob {
    param($Job)
    $after = $Job['Moved']
    if ($after -eq $null) { $after = Get-NdrfixReading $Job['Request'] }
    $wanted = $Job['Request']['After']
    $same = ($wanted -eq $null) -or (Test-NdrfixSame (Get-NdrfixCore $after $wanted) $wanted)
    if ((Test-NdrfixSame $Job['Status'] 'done') -and -not $same) {
        $Job['Status'] = 'failed'
        $Job['Message'] = 'the change was carried out, but something else was read back'
        $Job['Next'] = 'Look for a policy or a program on the host that sets it again.'
    }
    if (Test-NdrfixSame $Job['Status'] 'drifted') {
        $Job['Message'] = 'the state is no longer the one that was planned from; nothing was written'
        $Job['Next'] = 'Plan again.'
    }
    'outcome|' + $Job['Index'] + '|' + $Job['Status'] + '|' + $Job['Before'] + '|' + $after + '|' +
        (ConvertTo-NdrfixText $Job['Message']) + '|' + (ConvertTo-NdrfixText $Job['Next'])
}

function global:Invoke-Ndrfix {
    param($Item)
    $ErrorActionPreference = 'Stop'
    $index = 0
    if ($NdrfixLost) { return }
    foreach ($one in $Item) {
        $job = New-NdrfixJob $one $index
        try { Invoke-NdrfixItem $job } catch { Set-NdrfixFailure $job $_ }
        Complete-NdrfixJob $job
        if (-not (Test-NdrfixSame $job['Status'] 'done')) { return }
        $index = $index + 1
    }
}
