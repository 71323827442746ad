# The message queue and the quarantine, for agent.ps1: sent to a host only when something of them is first asked for. What
# is done file by file is C# (queue.cs, whose text is put into $NdrfixQueueText), since a queue may hold 100,000 messages.
#
# The rules of agent.ps1 hold here too.

# The lists that this session told before, by the cells of the request.
$global:NdrfixTold = @{}

function global:Initialize-NdrfixQueue {
    if ('NdrfixMover1' -as [type]) { return }
    try {
        Add-Type -TypeDefinition $NdrfixQueueText -IgnoreWarnings
    } catch {
        throw ("the host cannot compile ndrfix's part for the queue (Add-Type): " + (Get-NdrfixCause $_).Message)
    }
}

# A path of the request as it is reached; nothing when what it begins with does not exist.
function global:Get-NdrfixQueueReach {
    param($Request)
    Initialize-NdrfixQueue
    $path = Resolve-NdrfixPath $Request
    if ($path -eq $null) { return }
    Get-NdrfixReach $path
}

# A folder that is missing together with its share is not absent.
function global:Get-NdrfixNothing {
    param([string]$Reach)
    Confirm-NdrfixShare $Reach
    'absent'
}

# --- reading

function global:Get-NdrfixFolderState {
    param($Request)
    $reach = Get-NdrfixQueueReach $Request
    if ($reach -eq $null) { return 'absent' }
    $counts = [NdrfixDisk1]::Count($reach)
    if (-not $counts) { return Get-NdrfixNothing $reach }
    'folder>' + (ConvertTo-NdrfixText (Get-NdrfixOwnPath $reach)) + '>' + $counts
}

# The folder of a run; nothing when the folder of quarantines is not known.
function global:Get-NdrfixRunReach {
    param($Request)
    $reach = Get-NdrfixQueueReach $Request
    if ($reach -eq $null) { return }
    $run = ConvertFrom-NdrfixText $Request['Run']
    if (($run.Length -eq 0) -or ($run.Trim([char[]]'. ').Length -eq 0) -or ($run.IndexOfAny([char[]]'\/:*?|<>"') -ge 0)) {
        throw ("'" + $run + "' cannot be the name of a run")
    }
    [NdrfixDisk1]::Below($reach, $run)
}

function global:Get-NdrfixQuarantineState {
    param($Request)
    $reach = Get-NdrfixRunReach $Request
    if ($reach -eq $null) { return 'absent' }
    if (-not [NdrfixRun1]::Exists($reach)) { return Get-NdrfixNothing $reach }
    $run = [NdrfixRun1]::Of($reach)
    'quarantine>' + $run.State('>')
}

function global:Get-NdrfixQuarantinesState {
    param($Request)
    $reach = Get-NdrfixQueueReach $Request
    if ($reach -eq $null) { return 'absent' }
    $rows = [NdrfixRun1]::Rows($reach)
    if ($rows -eq $null) { return Get-NdrfixNothing $reach }
    'quarantines>' + (ConvertTo-NdrfixText (Get-NdrfixOwnPath $reach)) + '>' + $rows
}

function global:Get-NdrfixTold {
    param($Request, [string]$Reach)
    $key = $Reach
    foreach ($name in @('Base', 'Hive', 'Path', 'Name', 'Tail', 'Cut')) { $key = $key + '|' + $Request[$name] }
    $key
}

# The messages of a queue: full portions are put out at once, the last one is added to the answers of the call, which then travel
# as one text. What is told counts as told only when all of it was.
function global:Read-NdrfixQueue {
    param($Request, [string]$Index, $Answer)
    $global:NdrfixAt = ''
    $state = 'absent'
    try {
        $reach = Get-NdrfixQueueReach $Request
        if ($reach -ne $null) {
            $key = Get-NdrfixTold $Request $reach
            $before = $NdrfixTold[$key]
            $NdrfixTold.Remove($key)
            $lister = [NdrfixLister1]::Of([NdrfixDisk1]::Below($reach, 'out'), $Index, $Request['Cut'], $before)
            try {
                if ($lister.Open()) {
                    while ($lister.Next()) { $lister.Portion }
                    [void]$Answer.Append($lister.Portion)
                    $data = [NdrfixDisk1]::Named($reach, 'queue.dat')
                    $cells = ''
                    if ($data -ne $null) { $cells = $data.Cells }
                    $state = 'queue>' + (ConvertTo-NdrfixText (Get-NdrfixOwnPath $reach)) + '>' +
                        $lister.Count.ToString($NdrfixInvariant) + '>' + $cells
                    $NdrfixTold[$key] = $lister
                } else {
                    $state = Get-NdrfixNothing $reach
                }
            } finally {
                $lister.Close()
            }
        }
    } catch {
        $state = Get-NdrfixUnreadable $_
    }
    [void]$Answer.Append('state|' + $Index + '|' + $state)
    [void]$Answer.Append([char]10)
}

# --- writing

function global:Remove-NdrfixQuarantine {
    param($Job, [string]$Reach)
    $purge = [NdrfixPurge1]::Of($Reach, ($Job['Limit'] - $Job['Watch'].ElapsedMilliseconds))
    try {
        while ($purge.Step()) {
            Write-NdrfixBeat $Job ('deleting messages: ' + $purge.Done.ToString($NdrfixInvariant) + ' of ' +
                $purge.Total.ToString($NdrfixInvariant))
        }
    } finally {
        $purge.Close()
    }
}

function global:Write-NdrfixQuarantine {
    param($Job, [string]$Reach)
    $from = $Job['Before'].Split([char[]]'>')
    $to = $Job['Request']['After'].Split([char[]]'>')
    if (Test-NdrfixSame $to[0] 'absent') {
        if (-not (Test-NdrfixSame $from[1] 'closed')) { throw 'the quarantine is open, and only a closed one is deleted' }
        Remove-NdrfixQuarantine $Job $Reach
        return
    }
    if (-not (Test-NdrfixSame $to[0] 'quarantine')) { throw 'a quarantine is opened, closed or deleted' }
    if (-not ((Test-NdrfixSame $to[2] 'running') -or (Test-NdrfixSame $to[2] 'stopped'))) {
        throw 'a service is promised to be running or stopped'
    }
    if (Test-NdrfixSame $from[0] 'absent') {
        if (-not (Test-NdrfixSame $to[1] 'open')) { throw 'a quarantine begins as an open one' }
        [NdrfixRun1]::Begin($Reach, (ConvertFrom-NdrfixText $Job['Request']['Run']), $to[2])
    } elseif (Test-NdrfixSame $to[1] 'open') {
        # What is on record stays so in one that is open: only the promise changes.
        $verb = 'open|'
        if (Test-NdrfixSame $from[1] 'open') { $verb = 'promise|' }
        [NdrfixRun1]::Note($Reach, $verb + $to[2])
    } else {
        if (-not (Test-NdrfixSame $from[2] $to[2])) { throw 'what was promised is changed by opening a quarantine only' }
        [NdrfixRun1]::Note($Reach, 'closed')
    }
}

function global:Invoke-NdrfixQuarantineChange {
    param($Job)
    $request = $Job['Request']
    if (-not (Test-NdrfixSame (Get-NdrfixCore $Job['Before'] $request['Before']) $request['Before'])) {
        $Job['Status'] = 'drifted'
        return
    }
    if (Test-NdrfixSame $request['Before'] $request['After']) { return }
    $reach = Get-NdrfixRunReach $request
    if ($reach -eq $null) { throw 'the folder of quarantines is not known' }
    Write-NdrfixQuarantine $Job $reach
}

function global:Invoke-NdrfixMove {
    param($Job)
    $request = $Job['Request']
    $Job['Moved'] = 'moved>0>0>'
    $target = @{ 'Run' = $request['Run'] }
    foreach ($name in $request.Keys) {
        if ($name.StartsWith('To', [System.StringComparison]::Ordinal)) { $target[$name.Substring(2)] = $request[$name] }
    }
    $queue = Get-NdrfixQueueReach $request
    if ($queue -eq $null) { throw 'the folder of the queue is not known' }
    $run = Get-NdrfixRunReach $target
    if ($run -eq $null) { throw 'the folder of quarantines is not known' }
    $mover = [NdrfixMover1]::Of($queue, $run, (ConvertFrom-NdrfixText $request['At']), (ConvertFrom-NdrfixText $request['Kept']),
        ([int]$request['Back'] -eq 1), ([int]$request['Replace'] -eq 1), $request['Files'],
        ($Job['Limit'] - $Job['Watch'].ElapsedMilliseconds))
    try {
        while ($mover.Step()) {
            Write-NdrfixBeat $Job ('moving messages: ' + $mover.Seen.ToString($NdrfixInvariant) + ' of ' +
                $mover.Total.ToString($NdrfixInvariant))
        }
    } finally {
        $Job['Moved'] = $mover.State()
        $mover.Close()
    }
}
