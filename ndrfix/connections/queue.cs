// The loops of queue.ps1, over many files: listing and cutting messages, moving them, deleting them.
//
// C# 2.0 and members of .NET 2.0 alone: Windows PowerShell 2.0 compiles it. No directives: a line with # is not sent.
// Windows is called directly, with \\?\ before each path: names are literal then (brackets, a dot or a space at the end,
// "nul"), sizes and times come with the list itself, and errors are numbers.
// PowerShell makes objects by the methods Of: when a constructor failed that New-Object had called, PowerShell 7 hung or ended
// at what it did next (seen under Wine).
using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using Microsoft.Win32.SafeHandles;

public class NdrfixEntry1 {
    public string Name; public long Size; public long Written; public uint Attributes;
    public bool Folder { get { return (Attributes & 16) != 0; } }
    public bool ReadOnly { get { return (Attributes & 1) != 0; } }
    public bool Link { get { return (Attributes & 1024) != 0; } }
    public string Cells { get { return NdrfixText1.Escape(Name) + "*" + NdrfixText1.Number(Size) + "*" + NdrfixText1.Number(Written); } }
}

public static class NdrfixText1 {
    public static string Number(long number) { return number.ToString(CultureInfo.InvariantCulture); }
    // As ConvertTo-NdrfixText.
    public static void Escape(StringBuilder to, string text, int start, int end) {
        for (int at = start; at < end; at++) {
            char c = text[at];
            if (c == '\\') { to.Append("\\\\"); continue; }
            bool risky = c < ' ' || c > '~' || c == '*' || c == '<' || c == '>' || c == '?' || c == '|';
            if (c == '_' && at + 1 < end && (text[at + 1] == 'x' || text[at + 1] == 'X')) risky = true;
            if (!risky) { to.Append(c); continue; }
            to.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
        }
    }
    public static string Escape(string text) {
        StringBuilder to = new StringBuilder(text.Length + 8);
        Escape(to, text, 0, text.Length);
        return to.ToString();
    }
    // As ConvertFrom-NdrfixText.
    public static string Unescape(string text) {
        if (text.IndexOf('\\') < 0) return text;
        StringBuilder to = new StringBuilder(text.Length);
        for (int at = 0; at < text.Length; at++) {
            char c = text[at];
            if (c != '\\') { to.Append(c); continue; }
            at++;
            if (at < text.Length && text[at] == '\\') { to.Append('\\'); continue; }
            if (at + 4 >= text.Length || text[at] != 'u') throw new FormatException("a backslash begins no escape");
            to.Append((char)int.Parse(text.Substring(at + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
            at += 4;
        }
        return to.ToString();
    }
}

// Long texts of the wire: a mark, and the base64 of a deflate stream.
public static class NdrfixPack1 {
    const string Mark = "z|";
    const int Short = 1000;
    // Lines as one line, unless they are short.
    public static string Pack(string lines) {
        if (lines.Length <= Short) return lines;
        byte[] bytes = Encoding.ASCII.GetBytes(lines);
        MemoryStream to = new MemoryStream();
        using (DeflateStream press = new DeflateStream(to, CompressionMode.Compress, true)) press.Write(bytes, 0, bytes.Length);
        return Mark + Convert.ToBase64String(to.ToArray()) + "\n";
    }
    public static string Unpack(string text) {
        if (!text.StartsWith(Mark, StringComparison.Ordinal)) return text;
        MemoryStream from = new MemoryStream(Convert.FromBase64String(text.Substring(Mark.Length)));
        using (StreamReader reader = new StreamReader(new DeflateStream(from, CompressionMode.Decompress), Encoding.ASCII))
            return reader.ReadToEnd();
    }
}

public static class NdrfixDisk1 {
    [StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
    public struct Found {
        public uint Attributes; public uint MadeLow; public uint MadeHigh; public uint ReadLow; public uint ReadHigh;
        public uint WrittenLow; public uint WrittenHigh; public uint SizeHigh; public uint SizeLow; public uint Tag; public uint Spare;
        [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 260)] public string Name;
        [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 14)] public string Short;
    }
    [StructLayout(LayoutKind.Sequential)]
    struct About {
        public uint Attributes; public uint MadeLow; public uint MadeHigh; public uint ReadLow; public uint ReadHigh;
        public uint WrittenLow; public uint WrittenHigh; public uint SizeHigh; public uint SizeLow;
    }
    [StructLayout(LayoutKind.Sequential)]
    struct Identity {
        public uint Attributes; public uint MadeLow; public uint MadeHigh; public uint ReadLow; public uint ReadHigh;
        public uint WrittenLow; public uint WrittenHigh; public uint Volume; public uint SizeHigh; public uint SizeLow;
        public uint Links; public uint NumberHigh; public uint NumberLow;
    }
    [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
    static extern IntPtr FindFirstFileW(string path, out Found found);
    [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
    static extern bool FindNextFileW(IntPtr find, out Found found);
    [DllImport("kernel32.dll")]
    static extern bool FindClose(IntPtr find);
    [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
    static extern bool GetFileAttributesExW(string path, int level, out About about);
    [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
    static extern SafeFileHandle CreateFileW(string path, uint access, uint share, IntPtr security, uint how, uint flags, IntPtr like);
    [DllImport("kernel32.dll", SetLastError = true)]
    static extern bool GetFileInformationByHandle(SafeFileHandle file, out Identity identity);
    [DllImport("kernel32.dll", SetLastError = true)]
    static extern bool ReadFile(SafeFileHandle file, byte[] into, int wanted, out int got, IntPtr overlapped);
    [DllImport("kernel32.dll", SetLastError = true)]
    static extern bool FlushFileBuffers(SafeFileHandle file);
    [DllImport("kernel32.dll", SetLastError = true)]
    static extern bool SetFileTime(SafeFileHandle file, IntPtr made, IntPtr read, ref long written);
    [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
    static extern bool MoveFileExW(string from, string to, uint flags);
    [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
    static extern bool CopyFileW(string from, string to, bool keep);
    [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
    static extern bool DeleteFileW(string path);
    [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
    static extern bool RemoveDirectoryW(string path);
    [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
    static extern bool CreateDirectoryW(string path, IntPtr security);
    [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
    static extern bool SetFileAttributesW(string path, uint attributes);
    [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
    static extern bool GetDiskFreeSpaceExW(string folder, out ulong ours, out ulong all, out ulong free);

    public const uint Read = 0x80000000, Write = 0x40000000;
    const uint Remove1 = 0x10000;
    const int Incomplete = 1117;
    public static string Literal(string path) {
        if (path.StartsWith("\\\\?\\", StringComparison.Ordinal)) return path;
        if (path.StartsWith("\\\\", StringComparison.Ordinal)) return "\\\\?\\UNC" + path.Substring(1);
        return "\\\\?\\" + path;
    }
    public static string Below(string folder, string name) {
        if (name.Length == 0) return folder;
        return folder.EndsWith("\\", StringComparison.Ordinal) ? folder + name : folder + "\\" + name;
    }
    public static Win32Exception Fault(int code) { return new Win32Exception(code); }
    public static Win32Exception Fault(int code, string doing) {
        return new Win32Exception(code, doing + ": " + new Win32Exception(code).Message);
    }
    public static bool IsData(string name) { return string.Equals(name, "queue.dat", StringComparison.OrdinalIgnoreCase); }
    static long Join(uint high, uint low) { return (long)(((ulong)high << 32) | low); }
    static NdrfixEntry1 Entry(ref Found found) {
        NdrfixEntry1 entry = new NdrfixEntry1();
        entry.Name = found.Name; entry.Attributes = found.Attributes;
        entry.Size = Join(found.SizeHigh, found.SizeLow); entry.Written = Join(found.WrittenHigh, found.WrittenLow);
        return entry;
    }
    // A file or folder as it is now, nothing when there is none.
    public static NdrfixEntry1 Look(string path) {
        About about;
        if (!GetFileAttributesExW(Literal(path), 0, out about)) {
            int code = Marshal.GetLastWin32Error();
            if (code == 2 || code == 3) return null;
            throw Fault(code);
        }
        NdrfixEntry1 entry = new NdrfixEntry1();
        entry.Name = path.Substring(path.LastIndexOf('\\') + 1); entry.Attributes = about.Attributes;
        entry.Size = Join(about.SizeHigh, about.SizeLow); entry.Written = Join(about.WrittenHigh, about.WrittenLow);
        return entry;
    }
    public static bool IsFolder(string path) {
        NdrfixEntry1 entry = Look(path);
        return entry != null && entry.Folder;
    }
    // Begins a list of what lies in a folder; the handle is -1 when the folder is empty or (found: nothing) does not exist.
    public static IntPtr First(string folder, out NdrfixEntry1 entry, out bool exists) {
        Found found;
        IntPtr find = FindFirstFileW(Literal(Below(folder, "*")), out found);
        int code = Marshal.GetLastWin32Error();
        entry = null;
        exists = true;
        if (find != new IntPtr(-1)) { entry = Entry(ref found); return find; }
        if (code == 3) { exists = false; return find; }
        if (code == 2 || code == 18) return find;
        throw Fault(code);
    }
    public static NdrfixEntry1 Next(IntPtr find) {
        Found found;
        if (FindNextFileW(find, out found)) return Entry(ref found);
        int code = Marshal.GetLastWin32Error();
        if (code != 18) throw Fault(code);
        return null;
    }
    public static void Close(IntPtr find) { FindClose(find); }
    // All that lies directly in a folder, none when it does not exist.
    public static List<NdrfixEntry1> List(string folder) {
        List<NdrfixEntry1> all = new List<NdrfixEntry1>();
        NdrfixEntry1 entry;
        bool exists;
        IntPtr find = First(folder, out entry, out exists);
        if (find == new IntPtr(-1)) return all;
        try {
            for (; entry != null; entry = Next(find)) if (entry.Name != "." && entry.Name != "..") all.Add(entry);
        } finally {
            FindClose(find);
        }
        return all;
    }
    // A file by its name in the folder, as it is spelled there; nothing when there is none.
    public static NdrfixEntry1 Named(string folder, string name) {
        Found found;
        IntPtr find = FindFirstFileW(Literal(Below(folder, name)), out found);
        int code = Marshal.GetLastWin32Error();
        if (find == new IntPtr(-1)) {
            if (code == 2 || code == 3 || code == 18) return null;
            throw Fault(code);
        }
        FindClose(find);
        NdrfixEntry1 entry = Entry(ref found);
        return entry.Folder ? null : entry;
    }
    public static SafeFileHandle Open(string path, uint access, uint share, uint how, uint flags, out int code) {
        SafeFileHandle file = CreateFileW(Literal(path), access, share, IntPtr.Zero, how, flags, IntPtr.Zero);
        code = file.IsInvalid ? Marshal.GetLastWin32Error() : 0;
        return file;
    }
    // The beginning of a file that others may write, rename and delete meanwhile. Gives the Windows error, 0 for none.
    public static int Head(string path, byte[] into, out int got) {
        int code;
        got = 0;
        using (SafeFileHandle file = Open(path, Read, 7, 3, 0, out code)) {
            if (code != 0) return code;
            while (got < into.Length) {
                int more;
                byte[] part = got == 0 ? into : new byte[into.Length - got];
                if (!ReadFile(file, part, part.Length, out more, IntPtr.Zero)) return Marshal.GetLastWin32Error();
                if (more == 0) return 0;
                if (got > 0) Buffer.BlockCopy(part, 0, into, got, more);
                got += more;
            }
        }
        return 0;
    }
    public static void Flush(SafeFileHandle file) {
        if (!FlushFileBuffers(file)) throw Fault(Marshal.GetLastWin32Error());
    }
    // The rest gives the Windows error, 0 for none.
    public static int Rename(string from, string to, bool replace) {
        return MoveFileExW(Literal(from), Literal(to), replace ? 1u : 0u) ? 0 : Marshal.GetLastWin32Error();
    }
    public static int Attribute(string path, uint attributes) {
        return SetFileAttributesW(Literal(path), attributes) ? 0 : Marshal.GetLastWin32Error();
    }
    public static int Delete(string path) {
        if (DeleteFileW(Literal(path))) return 0;
        int code = Marshal.GetLastWin32Error();
        NdrfixEntry1 entry = code == 5 ? Look(path) : null;
        if (entry == null || !entry.ReadOnly || Attribute(path, entry.Attributes & ~1u) != 0) return code;
        return DeleteFileW(Literal(path)) ? 0 : Marshal.GetLastWin32Error();
    }
    public static int Remove(string folder) { return RemoveDirectoryW(Literal(folder)) ? 0 : Marshal.GetLastWin32Error(); }
    public static void Make(string folder) {
        if (IsFolder(folder)) return;
        int code = Directory(folder);
        if (code == 3) {
            int at = folder.TrimEnd('\\').LastIndexOf('\\');
            if (at > 0) Make(folder.Substring(0, at));
            code = Directory(folder);
        }
        if (code == 183 && IsFolder(folder)) return;
        if (code != 0) throw Fault(code, folder);
    }
    static int Directory(string folder) {
        return CreateDirectoryW(Literal(folder), IntPtr.Zero) ? 0 : Marshal.GetLastWin32Error();
    }
    // A copy that is on the disk when this returns, with the time and the attributes of its source, which is held, so that nobody
    // writes it meanwhile. A source that cannot be deleted later is not copied; when it fails no copy is left.
    public static int Copy(string from, string to) {
        int code;
        using (SafeFileHandle mine = Open(from, Remove1, 7, 3, 0, out code)) if (code != 0) return code;
        using (SafeFileHandle held = Open(from, Read, 5, 3, 0, out code)) {
            if (code != 0) return code;
            code = Fill(from, to);
        }
        if (code != 0) Delete(to);
        return code;
    }
    static int Fill(string from, string to) {
        int code;
        NdrfixEntry1 source = Look(from), old = Look(to);
        if (source == null) return 2;
        if (old != null && old.ReadOnly) Attribute(to, 128);
        if (!CopyFileW(Literal(from), Literal(to), false)) return Marshal.GetLastWin32Error();
        Attribute(to, 128);
        using (SafeFileHandle copy = Open(to, Read | Write, 1, 3, 0, out code)) {
            if (code != 0) return code;
            if (!SetFileTime(copy, IntPtr.Zero, IntPtr.Zero, ref source.Written)) return Marshal.GetLastWin32Error();
            if (!FlushFileBuffers(copy)) return Marshal.GetLastWin32Error();
        }
        NdrfixEntry1 made = Look(to);
        if (made == null || made.Size != source.Size) return Incomplete;
        if (source.ReadOnly && !IsData(source.Name)) Attribute(to, source.Attributes);
        return 0;
    }
    // The serial number of a folder's volume, as the handle has it, which mount points and junctions lead to; empty when it is not
    // known.
    static string Volume(string folder) {
        int code;
        Identity identity;
        using (SafeFileHandle file = Open(folder, 0, 7, 3, 0x02000000, out code)) {
            if (code != 0 || !GetFileInformationByHandle(file, out identity) || identity.Volume == 0) return "";
        }
        return NdrfixText1.Number(identity.Volume);
    }
    // The free bytes of a folder's volume as text, empty when they are not known.
    public static string Free(string folder) {
        ulong ours, all, free;
        if (!GetDiskFreeSpaceExW(Below(folder, "").TrimEnd('\\') + "\\", out ours, out all, out free)) return "";
        return ours.ToString(CultureInfo.InvariantCulture);
    }
    // Files, their size, the free bytes and the volume, as in a state; nothing when the folder does not exist.
    public static string Count(string folder) {
        if (!IsFolder(folder)) return null;
        long count = 0, size = 0;
        foreach (NdrfixEntry1 entry in List(folder)) if (!entry.Folder) { count++; size += entry.Size; }
        return NdrfixText1.Number(count) + ">" + NdrfixText1.Number(size) + ">" + Free(folder) + ">" + Volume(folder);
    }
}

// The messages of a folder as lines, in portions, which are packed. What was told by the list before this one is not opened again.
public class NdrfixLister1 {
    struct Stamp { public long Size; public long Written; }
    const int Limit = 262144, Seconds = 5;
    string folder, index;
    NdrfixCut1 cut;
    Dictionary<string, Stamp> known, told = new Dictionary<string, Stamp>(StringComparer.Ordinal);
    IntPtr find = new IntPtr(-1);
    NdrfixEntry1 entry;
    StringBuilder portion = new StringBuilder(Limit + 8192);
    byte[] head;
    public long Count;
    public string Folder { get { return folder; } }
    public string Portion { get { return NdrfixPack1.Pack(portion.ToString()); } }
    public static NdrfixLister1 Of(string folder, string index, string cut, NdrfixLister1 before) {
        return new NdrfixLister1(folder, index, cut, before);
    }
    NdrfixLister1(string folder, string index, string cut, NdrfixLister1 before) {
        this.folder = folder; this.index = index; this.cut = new NdrfixCut1(cut);
        head = new byte[this.cut.Bytes];
        known = before == null ? new Dictionary<string, Stamp>() : before.told;
    }
    // False when the folder does not exist.
    public bool Open() {
        bool exists;
        find = NdrfixDisk1.First(folder, out entry, out exists);
        return exists;
    }
    // Makes the next portion, which is not waited for long when files open slowly; false when it is the last one.
    public bool Next() {
        portion.Length = 0;
        Stopwatch watch = Stopwatch.StartNew();
        for (; entry != null; entry = NdrfixDisk1.Next(find)) {
            if (portion.Length >= Limit || portion.Length > 0 && watch.ElapsedMilliseconds >= Seconds * 1000) return true;
            if (!entry.Folder) Tell();
        }
        return false;
    }
    void Tell() {
        Stamp stamp = new Stamp(), before;
        stamp.Size = entry.Size; stamp.Written = entry.Written;
        if (known.TryGetValue(entry.Name, out before) && before.Size == stamp.Size && before.Written == stamp.Written) {
            told[entry.Name] = stamp;
            Count++;
            portion.Append("same|").Append(index).Append('|').Append(NdrfixText1.Escape(entry.Name)).Append('\n');
            return;
        }
        int got;
        int code = NdrfixDisk1.Head(NdrfixDisk1.Below(folder, entry.Name), head, out got);
        string text;
        if (code == 0) {
            told[entry.Name] = stamp;
            text = cut.Of(head, got, entry.Size);
        } else {
            text = "!" + NdrfixText1.Escape(new Win32Exception(code).Message);
        }
        Count++;
        portion.Append("message|").Append(index).Append('|').Append(NdrfixText1.Escape(entry.Name)).Append('|');
        portion.Append(NdrfixText1.Number(entry.Size)).Append('|').Append(NdrfixText1.Number(entry.Written)).Append('|');
        portion.Append(text).Append('\n');
    }
    public void Close() {
        if (find != new IntPtr(-1)) NdrfixDisk1.Close(find);
        find = new IntPtr(-1);
        known = null;
    }
}

// The manifest of a run, held open for writing: nobody else can write it meanwhile.
public class NdrfixManifest1 {
    public const string Name = "manifest.txt", Head = "ndrfix-quarantine|1|";
    FileStream stream;
    SafeFileHandle file;
    bool whole;
    public NdrfixManifest1(string run, bool create) {
        string path = NdrfixDisk1.Below(run, Name);
        int code = 0;
        for (int tries = 0; tries < 4; tries++) {
            if (tries > 0) Thread.Sleep(200);
            file = NdrfixDisk1.Open(path, NdrfixDisk1.Read | NdrfixDisk1.Write, 1, create ? 1u : 3u, 0x80000080, out code);
            if (code != 32) break;
        }
        if (code == 32) throw new IOException("another run is at work in this quarantine");
        if (code != 0) throw NdrfixDisk1.Fault(code, Name);
        stream = new FileStream(file, FileAccess.ReadWrite, 4096);
        whole = true;
        if (stream.Length > 0) {
            stream.Seek(-1, SeekOrigin.End);
            whole = stream.ReadByte() == 10;
        }
        stream.Seek(0, SeekOrigin.End);
    }
    public void Append(string lines) {
        byte[] bytes = Encoding.ASCII.GetBytes(whole ? lines : "\r\n" + lines);
        whole = false;
        stream.Write(bytes, 0, bytes.Length);
        stream.Flush();
        NdrfixDisk1.Flush(file);
        whole = true;
    }
    public void Close() { stream.Close(); }
}

// What a run's quarantine is like, from its manifest and its files.
public class NdrfixRun1 {
    class Record { public string At, Kept, Cells, Name, File; public bool Back, Copied; }
    string run;
    Dictionary<string, Record> records = new Dictionary<string, Record>(StringComparer.OrdinalIgnoreCase);
    public string Status = "", Promised = "", Began = "";
    public long Messages, Size;
    public bool Data;
    public int Garbled;
    public static NdrfixRun1 Of(string run) { return new NdrfixRun1(run, true); }
    public NdrfixRun1(string run, bool counted) {
        this.run = run;
        Parse();
        if (Status.Length == 0) throw new IOException("the manifest does not say whether the run is open");
        if (counted) CountFiles();
    }
    // Whether anything lies there that makes it a run: empty folders are no run.
    public static bool Exists(string run) {
        if (!NdrfixDisk1.IsFolder(run)) return false;
        foreach (NdrfixEntry1 entry in NdrfixDisk1.List(run)) {
            if (!entry.Folder || entry.Link || Array.IndexOf(NdrfixPurge1.Folders, entry.Name.ToLowerInvariant()) < 0) return true;
            if (NdrfixDisk1.List(NdrfixDisk1.Below(run, entry.Name)).Count > 0) return true;
        }
        return false;
    }
    void CountFiles() {
        foreach (NdrfixEntry1 entry in NdrfixDisk1.List(NdrfixDisk1.Below(run, "out")))
            if (!entry.Folder) { Messages++; Size += entry.Size; }
        Data = NdrfixDisk1.Named(run, "queue.dat") != null;
    }
    void Parse() {
        int code;
        SafeFileHandle file = NdrfixDisk1.Open(NdrfixDisk1.Below(run, NdrfixManifest1.Name), NdrfixDisk1.Read, 7, 3, 0, out code);
        if (code == 2 || code == 3) throw new IOException("there is no manifest.txt in it");
        if (code != 0) throw NdrfixDisk1.Fault(code, NdrfixManifest1.Name);
        using (StreamReader reader = new StreamReader(new FileStream(file, FileAccess.Read, 65536), Encoding.ASCII)) {
            string text = reader.ReadToEnd();
            bool first = true;
            for (int at = 0; ; ) {
                int end = text.IndexOf("\r\n", at, StringComparison.Ordinal);
                if (end < 0) break;
                Line(text.Substring(at, end - at).Split('|'), first);
                first = false;
                at = end + 2;
            }
            if (first) throw new IOException("its manifest.txt is not one of ndrfix");
        }
    }
    // Whether these are the cells of a file: its name, size and time.
    static bool IsFile(string[] cells) {
        long number;
        if (cells.Length != 3) return false;
        try {
            NdrfixText1.Unescape(cells[0]);
        } catch (FormatException) {
            return false;
        }
        for (int each = 1; each < 3; each++)
            if (!long.TryParse(cells[each], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number)) return false;
        return true;
    }
    // A line without a meaning is one that was cut off and ended later, or damaged. A file on record after `closed` was moved
    // after an opening that is such a line.
    void Line(string[] parts, bool first) {
        if (first) {
            if (parts.Length != 4 || parts[0] != "ndrfix-quarantine") throw new IOException("its manifest.txt is not one of ndrfix");
            if (parts[1] != "1") throw new IOException("its manifest.txt was written by a newer ndrfix");
            Began = parts[3];
            return;
        }
        bool promise = parts.Length == 2 && (parts[1] == "running" || parts[1] == "stopped");
        if (promise && parts[0] == "open") {
            Status = "open"; Promised = parts[1];
            records.Clear();
        } else if (promise && parts[0] == "promise") {
            Promised = parts[1];
        } else if (parts.Length == 1 && parts[0] == "closed") {
            if (Status.Length > 0) Status = "closed";
        } else if (parts.Length == 4 && (parts[0] == "move" || parts[0] == "back")) {
            string[] cells = parts[3].Split('*');
            if (!IsFile(cells)) { Garbled++; return; }
            if (Status.Length > 0) Status = "open";
            Record record = new Record();
            record.At = parts[1]; record.Kept = parts[2]; record.Name = cells[0]; record.Back = parts[0] == "back";
            record.Cells = parts[1] + "/" + parts[2] + "/" + (record.Back ? "1/" : "0/") + parts[3].Replace('*', '/') + "?";
            record.File = parts[1] + "|" + parts[2] + "|" + parts[3];
            records[parts[1] + "|" + parts[2] + "|" + cells[0]] = record;
        } else if (parts.Length == 4 && (parts[0] == "copied" || parts[0] == "done")) {
            string[] cells = parts[3].Split('*');
            string key = parts[1] + "|" + parts[2] + "|" + cells[0];
            if (!IsFile(cells)) { Garbled++; return; }
            if (!records.ContainsKey(key)) return;
            if (parts[0] == "copied") records[key].Copied = true; else records.Remove(key);
        } else {
            Garbled++;
        }
    }
    // Whether a copy that is on record nowhere may be all that there is of a message: only where lines say nothing.
    public bool MayBeLast(string queue, string copy) {
        int dot = copy.IndexOf('.');
        if (Garbled == 0 || dot < 0) return false;
        string name = copy.Substring(dot + 1);
        return !NdrfixDisk1.IsData(name) && !NdrfixDisk1.IsData(copy)
            && NdrfixDisk1.Look(NdrfixDisk1.Below(NdrfixDisk1.Below(queue, "out"), name)) == null
            && NdrfixDisk1.Look(NdrfixDisk1.Below(NdrfixDisk1.Below(run, copy.Substring(0, dot)), name)) == null;
    }
    // The copies that are on record for one way, by their names. Those that came to their end before that was on record are put
    // on record: the copy got into its place. A queue.dat that lies there again was made since.
    public Dictionary<string, bool> Copies(string queue, string parts, bool back, NdrfixManifest1 manifest) {
        Dictionary<string, bool> known = new Dictionary<string, bool>(StringComparer.OrdinalIgnoreCase);
        StringBuilder done = new StringBuilder();
        foreach (Record record in records.Values) {
            if (!record.Copied || record.Back != back) continue;
            string kept = NdrfixText1.Unescape(record.Kept), name = NdrfixText1.Unescape(record.Name);
            string part = NdrfixMover1.Part(kept, name);
            string source = back ? NdrfixDisk1.Below(run, kept) : NdrfixDisk1.Below(queue, NdrfixText1.Unescape(record.At));
            bool over = NdrfixDisk1.Look(NdrfixDisk1.Below(parts, part)) == null
                && (NdrfixDisk1.IsData(name) || NdrfixDisk1.Look(NdrfixDisk1.Below(source, name)) == null);
            if (over) done.Append("done|").Append(record.File).Append("\r\n"); else known[part] = true;
        }
        if (done.Length > 0) manifest.Append(done.ToString());
        return known;
    }
    string Pending() {
        Dictionary<string, Dictionary<string, bool>> folders = new Dictionary<string, Dictionary<string, bool>>();
        StringBuilder pending = new StringBuilder();
        foreach (Record record in records.Values) {
            Dictionary<string, bool> there;
            if (!folders.TryGetValue(record.Kept, out there)) {
                there = new Dictionary<string, bool>(StringComparer.OrdinalIgnoreCase);
                foreach (NdrfixEntry1 entry in NdrfixDisk1.List(NdrfixDisk1.Below(run, NdrfixText1.Unescape(record.Kept))))
                    if (!entry.Folder) there[entry.Name] = true;
                folders[record.Kept] = there;
            }
            if (record.Copied || there.ContainsKey(NdrfixText1.Unescape(record.Name)) == record.Back) pending.Append(record.Cells);
        }
        return pending.ToString();
    }
    public string State(string separator) {
        string[] parts = new string[] {
            Status, Promised, NdrfixText1.Number(Messages), NdrfixText1.Number(Size), Began, Data ? "1" : "0", Pending(),
            NdrfixText1.Number(Garbled) };
        return string.Join(separator, parts);
    }
    // The rows of a folder of runs, nothing when it does not exist.
    public static string Rows(string folder) {
        if (!NdrfixDisk1.IsFolder(folder)) return null;
        StringBuilder rows = new StringBuilder();
        foreach (NdrfixEntry1 entry in NdrfixDisk1.List(folder)) {
            string path = NdrfixDisk1.Below(folder, entry.Name);
            if (!entry.Folder) continue;
            string state;
            try {
                if (!Exists(path)) continue;
                state = new NdrfixRun1(path, true).State("*");
            } catch (IOException error) {
                state = NdrfixText1.Escape(error.Message);
            } catch (Win32Exception error) {
                state = NdrfixText1.Escape(error.Message);
            } catch (FormatException error) {
                state = NdrfixText1.Escape(error.Message);
            }
            rows.Append(NdrfixText1.Escape(entry.Name)).Append('*').Append(state).Append('<');
        }
        return rows.ToString();
    }
    public static void Begin(string run, string name, string promised) {
        NdrfixDisk1.Make(run);
        NdrfixManifest1 manifest = new NdrfixManifest1(run, true);
        string now = DateTime.UtcNow.ToString("yyyy'-'MM'-'dd'T'HH':'mm':'ss'Z'", CultureInfo.InvariantCulture);
        try {
            manifest.Append(NdrfixManifest1.Head + NdrfixText1.Escape(name) + "|" + now + "\r\nopen|" + promised + "\r\n");
        } finally {
            manifest.Close();
        }
        NdrfixDisk1.Make(NdrfixDisk1.Below(run, "out"));
    }
    public static void Note(string run, string line) {
        NdrfixManifest1 manifest = new NdrfixManifest1(run, false);
        try { manifest.Append(line + "\r\n"); } finally { manifest.Close(); }
    }
}

// Deletes a run's quarantine, if nothing else lies in it.
public class NdrfixPurge1 {
    public static readonly string[] Folders = new string[] { "bad", "out", "part", "replaced" };
    const string SetAside = "messages that stopped the service were set aside in `bad`, so nothing was deleted";
    string run;
    Stopwatch watch = Stopwatch.StartNew();
    int limit;
    List<string> files = null, folders = new List<string>();
    NdrfixManifest1 manifest;
    public int Done;
    public int Total { get { return files.Count; } }
    public static NdrfixPurge1 Of(string run, int limit) { return new NdrfixPurge1(run, limit); }
    NdrfixPurge1(string run, int limit) {
        this.run = run; this.limit = limit;
        manifest = new NdrfixManifest1(run, false);
        string stranger = null;
        try {
            stranger = Look();
        } finally {
            if (files == null || stranger != null) manifest.Close();
        }
        if (stranger != null) throw new IOException(stranger + " in the quarantine is not from ndrfix, so nothing was deleted");
    }
    // Takes down what is to be deleted; gives the name of what is not from ndrfix, if anything is.
    string Look() {
        List<string> found = new List<string>();
        foreach (NdrfixEntry1 entry in NdrfixDisk1.List(run)) {
            string name = entry.Name.ToLowerInvariant();
            if (!entry.Folder && name == NdrfixManifest1.Name) continue;
            string path = NdrfixDisk1.Below(run, entry.Name);
            if (!entry.Folder && name == "queue.dat") { found.Add(path); continue; }
            if (!entry.Folder || entry.Link || Array.IndexOf(Folders, name) < 0) return entry.Name;
            folders.Add(path);
            List<NdrfixEntry1> inside = NdrfixDisk1.List(path);
            if (name == "bad" && inside.Count > 0) throw new IOException(SetAside);
            foreach (NdrfixEntry1 below in inside) {
                if (below.Folder) return entry.Name + "\\" + below.Name;
                found.Add(NdrfixDisk1.Below(path, below.Name));
            }
        }
        files = found;
        return null;
    }
    void Check(int code, string path) {
        if (code == 2 || code == 3 || code == 0) return;
        throw NdrfixDisk1.Fault(code, "cannot delete " + path.Substring(run.Length + 1));
    }
    // Works for a second; false when all is gone.
    public bool Step() {
        long until = watch.ElapsedMilliseconds + 1000;
        for (; Done < files.Count; Done++) {
            if (watch.ElapsedMilliseconds >= limit) {
                throw new IOException("the time limit was reached when " + NdrfixText1.Number(Done) + " of " +
                    NdrfixText1.Number(files.Count) + " messages were deleted");
            }
            if (watch.ElapsedMilliseconds >= until) return true;
            Check(NdrfixDisk1.Delete(files[Done]), files[Done]);
        }
        foreach (string folder in folders) Check(NdrfixDisk1.Remove(folder), folder);
        manifest.Close();
        string path = NdrfixDisk1.Below(run, NdrfixManifest1.Name);
        Check(NdrfixDisk1.Delete(path), path);
        int code = NdrfixDisk1.Remove(run);
        if (code != 0) throw NdrfixDisk1.Fault(code, "cannot delete the folder");
        return false;
    }
    public void Close() { manifest.Close(); }
}

// Moves files between a queue and a run's quarantine.
public class NdrfixMover1 {
    class Job {
        public string Name, Cells, Left; public long Size, Written, Moved; public int Tries, Code; public bool Done, Free;
    }
    const int Batch = 250, Few = 50, Elsewhere = 17;
    const string Parts = "ndrfix-part";
    Dictionary<string, bool> sources = null, targets = null;
    const string There = "a file of that name is there already", Gone = "is no longer there", Late = "the time limit was reached",
        Held = "is held open by another program", Denied = "access is denied",
        Sent = "was put back already, and is no longer in the queue: it may have been sent";
    string source, target, line, about, kept, parts;
    bool back, replace, data, across;
    int limit, next, place;
    Stopwatch watch = Stopwatch.StartNew();
    NdrfixManifest1 manifest;
    List<Job> tasks = new List<Job>(), batch = null, held = new List<Job>();
    // To another volume: a file is copied to where the service does not look, all of a batch are put on record as copied, and
    // only then each source is deleted and its copy renamed. So a message is never in both places, and what lies among the copies
    // counts when it is on record. Copied and not on record; on record; in their place.
    List<Job> fresh = new List<Job>(), ready = new List<Job>(), placed = new List<Job>();
    Dictionary<string, bool> copied = null;
    public int Total { get { return tasks.Count; } }
    public int Seen;
    public static NdrfixMover1 Of(
        string queue, string run, string at, string kept, bool back, bool replace, string files, int limit) {
        return new NdrfixMover1(queue, run, at, kept, back, replace, files, limit);
    }
    NdrfixMover1(string queue, string run, string at, string kept, bool back, bool replace, string files, int limit) {
        string there = NdrfixDisk1.Below(queue, Plain(at)), here = NdrfixDisk1.Below(run, Plain(kept));
        source = back ? here : there;
        target = back ? there : here;
        about = NdrfixText1.Escape(at) + "|" + NdrfixText1.Escape(kept) + "|";
        line = (back ? "back|" : "move|") + about;
        // Below the root, as the folder of Q197792 is: on the queue's volume, and none of those that the service works on.
        parts = back ? NdrfixDisk1.Below(NdrfixDisk1.Below(queue, Parts), run.Substring(run.LastIndexOf('\\') + 1))
            : NdrfixDisk1.Below(run, "part");
        this.back = back; this.replace = replace; this.limit = limit; this.kept = kept;
        data = at.Length == 0;
        foreach (string cells in NdrfixPack1.Unpack(files).Split('<')) if (cells.Length > 0) tasks.Add(Parse(cells));
        if (!NdrfixRun1.Exists(run)) throw new IOException("there is no such quarantine");
        manifest = new NdrfixManifest1(run, false);
        try {
            NdrfixRun1 found = new NdrfixRun1(run, false);
            if (found.Status != "open") throw new IOException("the quarantine is not open");
            if (!NdrfixDisk1.IsFolder(NdrfixDisk1.Below(queue, ""))) throw new IOException("the folder of the queue does not exist");
            NdrfixDisk1.Make(target);
            copied = found.Copies(queue, parts, back, manifest);
            foreach (NdrfixEntry1 entry in NdrfixDisk1.List(parts))
                if (!entry.Folder && !copied.ContainsKey(entry.Name) && !found.MayBeLast(queue, entry.Name))
                    NdrfixDisk1.Delete(NdrfixDisk1.Below(parts, entry.Name));
            if (tasks.Count < Few) return;
            sources = Names(source);
            targets = Names(target);
        } catch {
            manifest.Close();
            throw;
        }
    }
    static string Plain(string name) {
        if (name == "." || name == ".." || name.IndexOfAny(new char[] { '\\', '/', ':', '*', '?', '|' }) >= 0)
            throw new IOException("'" + name + "' is no name");
        return name;
    }
    static Job Parse(string cells) {
        string[] parts = cells.Split('*');
        Job task = new Job();
        task.Cells = cells; task.Name = Plain(NdrfixText1.Unescape(parts[0]));
        if (task.Name.Length == 0) throw new IOException("a file without a name");
        task.Size = long.Parse(parts[1], CultureInfo.InvariantCulture);
        task.Written = long.Parse(parts[2], CultureInfo.InvariantCulture);
        return task;
    }
    public void Close() {
        foreach (Job task in fresh) NdrfixDisk1.Delete(Copy(task));
        NdrfixDisk1.Remove(parts);
        if (back) NdrfixDisk1.Remove(parts.Substring(0, parts.LastIndexOf('\\')));
        manifest.Close();
    }
    // What was done so far, as a state.
    public string State() {
        long count = 0, size = 0;
        StringBuilder left = new StringBuilder();
        foreach (Job task in tasks) {
            if (task.Left != null) left.Append(NdrfixText1.Escape(task.Name)).Append('*').Append(NdrfixText1.Escape(task.Left)).Append('<');
            else if (task.Done) { count++; size += task.Moved; }
        }
        return "moved>" + NdrfixText1.Number(count) + ">" + NdrfixText1.Number(size) + ">" + left.ToString();
    }
    // Works for about a second; false when there is nothing left to do.
    public bool Step() {
        long until = watch.ElapsedMilliseconds + 1000;
        while (true) {
            if (watch.ElapsedMilliseconds >= limit) { Stop(); return false; }
            if (batch == null && !Begin()) { Judge(); return false; }
            for (; place < batch.Count; place++) {
                if (watch.ElapsedMilliseconds >= limit) { Stop(); return false; }
                if (watch.ElapsedMilliseconds >= until) return true;
                Act(batch[place]);
            }
            if (held.Count > 0) Again(); else { Settle(); batch = null; }
            if (watch.ElapsedMilliseconds >= until) return true;
        }
    }
    // A queue.dat that stays would count on files that are gone, and not on those that come.
    void Judge() {
        foreach (Job task in tasks)
            if (data && NdrfixDisk1.IsData(task.Name) && task.Left != null && task.Left != Gone)
                throw new IOException(task.Name + " cannot be moved: " + task.Left);
    }
    // What a folder holds, to save the question for each of many files that are not there. What is there is asked for anew.
    static Dictionary<string, bool> Names(string folder) {
        Dictionary<string, bool> names = new Dictionary<string, bool>(StringComparer.OrdinalIgnoreCase);
        foreach (NdrfixEntry1 entry in NdrfixDisk1.List(folder)) names[entry.Name] = true;
        return names;
    }
    static NdrfixEntry1 Look(string folder, Dictionary<string, bool> names, string name) {
        return names != null && !names.ContainsKey(name) ? null : NdrfixDisk1.Look(NdrfixDisk1.Below(folder, name));
    }
    void Stop() {
        Settle();
        foreach (Job task in held) task.Left = Held;
        foreach (Job task in tasks) if (!task.Done && task.Left == null) task.Left = Late;
        Judge();
    }
    void Leave(Job task, string reason) { task.Left = reason; Seen++; }
    void Finish(Job task, long size) { task.Done = true; task.Moved = size; Seen++; }
    string From(Job task) { return NdrfixDisk1.Below(source, task.Name); }
    string To(Job task) { return NdrfixDisk1.Below(target, task.Name); }
    string Copy(Job task) { return NdrfixDisk1.Below(parts, Part(kept, task.Name)); }
    // The name of a copy; queue.dat itself lies beside the folders.
    public static string Part(string kept, string name) { return kept.Length == 0 ? name : kept + "." + name; }
    // Puts the next files that can be moved on record.
    bool Begin() {
        if (next >= tasks.Count) return false;
        batch = new List<Job>();
        place = 0;
        StringBuilder record = new StringBuilder();
        for (; next < tasks.Count && batch.Count < Batch; next++) {
            if (!Check(tasks[next])) continue;
            batch.Add(tasks[next]);
            record.Append(line).Append(tasks[next].Cells).Append("\r\n");
        }
        if (batch.Count > 0) manifest.Append(record.ToString());
        return true;
    }
    static bool Same(NdrfixEntry1 entry, long size, long written) {
        return size < 0 || entry.Size == size && entry.Written == written;
    }
    // A copy on a volume with FAT has its time to two seconds.
    static bool Alike(NdrfixEntry1 entry, long size, long written) {
        return size < 0 || entry.Size == size && Math.Abs(entry.Written - written) <= 20000000;
    }
    bool Check(Job task) {
        NdrfixEntry1 from, to;
        try {
            from = Look(source, sources, task.Name);
            to = Look(target, targets, task.Name);
        } catch (Win32Exception error) {
            if (error.NativeErrorCode == 32) return true;
            Refuse(task, error.NativeErrorCode);
            return false;
        }
        if (copied.ContainsKey(Part(kept, task.Name)) && Continue(task, from, to)) return false;
        if (from == null) {
            if (to != null && !to.Folder && Alike(to, task.Size, task.Written)) Finish(task, to.Size); else Leave(task, Gone);
            return false;
        }
        if (from.Folder) Leave(task, "is a folder");
        else if (!Same(from, task.Size, task.Written)) Leave(task, "was changed since it was looked at");
        else if (to != null && (!replace || to.Folder)) Leave(task, There);
        else { task.Moved = from.Size; return true; }
        return false;
    }
    // Of a file that is on record as copied, whether nothing but the end of that is left, or it is left alone.
    bool Continue(Job task, NdrfixEntry1 from, NdrfixEntry1 to) {
        if (from != null && NdrfixDisk1.IsData(task.Name)) return false;
        NdrfixEntry1 part = NdrfixDisk1.Look(Copy(task));
        if (part == null && to != null && !to.Folder && Alike(to, task.Size, task.Written)) part = to;
        if (part != null) { task.Moved = part.Size; task.Free = true; ready.Add(task); return true; }
        if (from != null && back) { Leave(task, Sent); return true; }
        return false;
    }
    void Act(Job task) {
        int code = across ? Elsewhere : Move(From(task), To(task), replace);
        if (code == Elsewhere) {
            if (!across) NdrfixDisk1.Make(parts);
            across = true;
            code = NdrfixDisk1.Copy(From(task), Copy(task));
            if (code == 0) { fresh.Add(task); return; }
        }
        if (code == 0) Finish(task, task.Moved); else Refuse(task, code);
    }
    void Note(string verb, List<Job> files) {
        StringBuilder lines = new StringBuilder();
        foreach (Job task in files) lines.Append(verb).Append(about).Append(task.Cells).Append("\r\n");
        if (lines.Length > 0) manifest.Append(lines.ToString());
    }
    // Brings what was copied to its end.
    void Settle() {
        // From here on they may be on record, even when that cannot be written: the next move finds out.
        List<Job> more = fresh;
        fresh = new List<Job>();
        Note("copied|", more);
        foreach (Job task in more) ready.Add(task);
        for (int tries = 0; tries < 3 && ready.Count > 0; tries++) {
            if (tries > 0) Thread.Sleep(200);
            List<Job> before = ready;
            ready = new List<Job>();
            foreach (Job task in before) if (!Place(task)) ready.Add(task);
        }
        Job stuck = null;
        foreach (Job task in ready) if (Source(task)) Void(task, Held); else stuck = task;
        ready.Clear();
        Note("done|", placed);
        placed.Clear();
        if (stuck != null)
            throw NdrfixDisk1.Fault(stuck.Code, "cannot put " + stuck.Name + " in its place, it lies in " + parts);
    }
    // Deletes a source, and puts its copy in its place; false when it is to be tried again. A source that others took while it was
    // copied is gone, and its copy with it.
    bool Place(Job task) {
        int code = Source(task) ? NdrfixDisk1.Delete(From(task)) : 2;
        if (code == 2 && !task.Free) { NdrfixDisk1.Delete(Copy(task)); placed.Add(task); Leave(task, Gone); return true; }
        if (code == 32 || code == 33 || code == 1224) return false;
        if (code != 0 && code != 2) { Void(task, Reason(code)); return true; }
        task.Free = true;
        if (NdrfixDisk1.Look(Copy(task)) != null) {
            task.Code = Move(Copy(task), To(task), replace);
            if (task.Code != 0) return false;
        }
        placed.Add(task);
        Finish(task, task.Moved);
        return true;
    }
    // Whether that which was copied is still there.
    bool Source(Job task) {
        NdrfixEntry1 entry = NdrfixDisk1.Look(From(task));
        return entry != null && !entry.Folder && Same(entry, task.Size, task.Written);
    }
    // The file stays where it is, and its copy does not count any more.
    void Void(Job task, string reason) {
        manifest.Append(line + task.Cells + "\r\n");
        NdrfixDisk1.Delete(Copy(task));
        Leave(task, reason);
    }
    void Refuse(Job task, int code) {
        switch (code) {
            case 32: case 33: case 1224: held.Add(task); return;
            case 2: Leave(task, Gone); return;
            case 80: case 183: Leave(task, There); return;
            case 3: case 19: case 21: case 39: case 51: case 53: case 54: case 55: case 58: case 59: case 64: case 65: case 67: case 112:
            case 121: case 1167: case 1231: case 1232: case 1236:
                throw NdrfixDisk1.Fault(code, "cannot move " + task.Name);
            default: Leave(task, Reason(code)); return;
        }
    }
    static string Reason(int code) { return code == 5 ? Denied : new Win32Exception(code).Message.TrimEnd('.', ' '); }
    static int Move(string from, string to, bool replace) {
        int code = NdrfixDisk1.Rename(from, to, replace);
        if (code != 5) return code;
        if (replace) {
            NdrfixEntry1 old = NdrfixDisk1.Look(to);
            if (old != null && old.ReadOnly) NdrfixDisk1.Attribute(to, old.Attributes & ~1u);
        }
        NdrfixEntry1 entry = NdrfixDisk1.Look(from);
        bool only = entry != null && entry.ReadOnly;
        if (only && NdrfixDisk1.Attribute(from, entry.Attributes & ~1u) != 0) return code;
        code = NdrfixDisk1.Rename(from, to, replace);
        if (only && (code != 0 || !NdrfixDisk1.IsData(entry.Name))) NdrfixDisk1.Attribute(code == 0 ? to : from, entry.Attributes);
        return code;
    }
    // What was held open is tried again: three times, and queue.dat until the time is up: the service may be ending yet.
    void Again() {
        Thread.Sleep(200);
        List<Job> before = held;
        held = new List<Job>();
        foreach (Job task in before) {
            task.Tries++;
            int count = held.Count;
            Act(task);
            if (held.Count == count || task.Tries < 3 || NdrfixDisk1.IsData(task.Name)) continue;
            held.RemoveAt(count);
            Leave(task, Held);
        }
    }
}

// What is told of a message: its beginning, cut as extract.py says. Takes the parameters CUT, gives the text of Extract.encode.
public class NdrfixCut1 {
    int near, field, before, after, line, lines, parts;
    byte[][] starts, names, marks, keep;
    int[][] marksBy = new int[256][];
    byte[] text, low, head, lowHead;
    int end;
    public int Bytes;
    public NdrfixCut1(string parameters) {
        string[] cells = parameters.Split('*');
        int[] numbers = new int[8];
        for (int at = 0; at < 8; at++) numbers[at] = int.Parse(cells[at], CultureInfo.InvariantCulture);
        Bytes = numbers[0]; near = numbers[1]; field = numbers[2]; before = numbers[3]; after = numbers[4];
        line = numbers[5]; lines = numbers[6]; parts = numbers[7];
        starts = Texts(cells[8], true, true); names = Texts(cells[9], true, true);
        marks = Texts(cells[10], true, false); keep = Texts(cells[11], false, false);
        text = new byte[Bytes + 1]; low = new byte[Bytes + 1]; head = new byte[Bytes + 2]; lowHead = new byte[Bytes + 2];
        for (int c = 0; c < 256; c++) {
            List<int> some = new List<int>();
            for (int at = 0; at < marks.Length; at++) if (marks[at][0] == c) some.Add(at);
            marksBy[c] = some.ToArray();
        }
    }
    // A list of parameters; names of fields stand between LF and colon.
    static byte[][] Texts(string cell, bool folded, bool names) {
        string[] pieces = cell.Split('^');
        byte[][] all = new byte[pieces.Length][];
        for (int at = 0; at < pieces.Length; at++) {
            List<byte> one = new List<byte>();
            if (names) one.Add(10);
            string piece = pieces[at];
            for (int i = 0; i < piece.Length; i++) {
                byte c = (byte)piece[i];
                if (c == '\\') {
                    c = (byte)piece[++i];
                    if (c == 'n') c = 10;
                    else if (c == 't') c = 9;
                    else c = byte.Parse(piece.Substring(i++, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                }
                one.Add(folded ? Fold(c) : c);
            }
            if (names) one.Add((byte)':');
            all[at] = one.ToArray();
        }
        return all;
    }
    static byte Fold(byte c) { return c >= 65 && c <= 90 ? (byte)(c + 32) : c; }
    static bool Is(byte[] where, int at, int end, byte[] what) {
        if (at + what.Length > end) return false;
        for (int i = 0; i < what.Length; i++) if (where[at + i] != what[i]) return false;
        return true;
    }
    static bool Has(byte[] where, int at, int end, byte[] what) {
        for (; at + what.Length <= end; at++) if (where[at] == what[0] && Is(where, at, end, what)) return true;
        return false;
    }
    // Where the first blank line begins (its LF), the end when there is none; behind it.
    static int Blank(byte[] where, int at, int end, out int behind) {
        for (; at + 1 < end; at++) {
            if (where[at] != 10) continue;
            if (where[at + 1] == 10) { behind = at + 2; return at; }
            if (where[at + 1] == 13 && at + 2 < end && where[at + 2] == 10) { behind = at + 3; return at; }
        }
        behind = -1;
        return end;
    }
    static void Escape(StringBuilder to, byte[] from, int at, int end) {
        for (; at < end; at++) {
            byte c = from[at];
            if (c == 10) to.Append("\\n");
            else if (c == 9) to.Append("\\t");
            else if (c < 32 || c > 126 || c == '\\' || c == '|' || c == '*' || c == '^' || c == '<' || c == '>' || c == '&'
                || c == '_' && at + 1 < end && (from[at + 1] == 'x' || from[at + 1] == 'X'))
                to.Append('\\').Append(c.ToString("x2", CultureInfo.InvariantCulture));
            else to.Append((char)c);
        }
    }
    // Offsets in this are those in the file plus one: an LF stands in front.
    public string Of(byte[] data, int count, long size) {
        end = count + 1;
        text[0] = low[0] = 10;
        for (int i = 0; i < count; i++) { text[i + 1] = data[i]; low[i + 1] = Fold(data[i]); }
        StringBuilder to = new StringBuilder(512);
        to.Append(NdrfixText1.Number(size)).Append('*').Append(NdrfixText1.Number(count)).Append('*');
        int start = Start();
        if (start < 0) return to.Append("*0******").ToString();
        int behind, body;
        Blank(text, 0, start + 1, out behind);
        to.Append(start).Append(behind < 0 ? "*0*" : "*1*");
        int stop = Blank(text, start + 1, end, out body);
        if (body >= 0) to.Append(body - 1);
        to.Append('*');
        if (body < 0) {
            to.Append("**");
            Fields(to, start + 1, stop);
            return to.Append("**").ToString();
        }
        Parts(to, body);
        Fields(to, start + 1, stop);
        to.Append('*');
        int mark = Marks(to, body);
        to.Append('*');
        if (mark >= 0) Lines(to, body, mark);
        return to.ToString();
    }
    int Start() {
        int last = Math.Min(end, near + 1);
        for (int at = 0; at < last; at++) {
            if (low[at] != 10) continue;
            foreach (byte[] name in starts) if (Is(low, at, last, name)) return at;
        }
        return -1;
    }
    void Fields(StringBuilder to, int at, int stop) {
        int length = 1;
        head[0] = lowHead[0] = 10;
        for (; at < stop; at++) {
            if (text[at] == 13) continue;
            head[length] = text[at];
            lowHead[length++] = low[at];
        }
        int[] found = new int[names.Length];
        for (int i = 0; i < length; i++) {
            if (head[i] != 10) continue;
            for (int name = 0; name < found.Length; name++)
                if (found[name] == 0 && Is(lowHead, i, length, names[name])) found[name] = i + names[name].Length;
        }
        bool any = false;
        for (int name = 0; name < found.Length; name++) {
            if (found[name] == 0) continue;
            if (any) to.Append('^');
            any = true;
            to.Append((char)('a' + name));
            Value(to, found[name], length);
        }
    }
    void Value(StringBuilder to, int at, int length) {
        int last = at;
        while (last < length && !(head[last] == 10 && !(last + 1 < length && (head[last + 1] == 32 || head[last + 1] == 9)))) last++;
        while (at < last && (head[at] == 32 || head[at] == 9 || head[at] == 10)) at++;
        while (last > at && (head[last - 1] == 32 || head[last - 1] == 9 || head[last - 1] == 10)) last--;
        Escape(to, head, at, Math.Min(last, at + field));
    }
    bool Dashes(int at) { return at + 2 < end && text[at] == 10 && text[at + 1] == 45 && text[at + 2] == 45; }
    // INNER and PARTS.
    void Parts(StringBuilder to, int body) {
        List<string> found = new List<string>();
        for (int at = body - 1; at < end && found.Count < parts; at++) {
            if (!Dashes(at)) continue;
            if (found.Count == 0) {
                int inner;
                Blank(text, at, end, out inner);
                if (inner >= 0) to.Append(inner - 1);
            }
            found.Add(NdrfixText1.Number(at - 1));
        }
        to.Append('*').Append(string.Join(",", found.ToArray())).Append('*');
    }
    // Gives where the first of the marks is.
    int Marks(StringBuilder to, int body) {
        int[] found = new int[marks.Length];
        for (int at = body - 1; at < end; at++)
            foreach (int mark in marksBy[low[at]])
                if (found[mark] == 0 && Is(low, at, end, marks[mark])) found[mark] = at;
        bool any = false;
        for (int mark = 0; mark < found.Length; mark++) {
            if (found[mark] == 0) continue;
            if (any) to.Append(',');
            any = true;
            to.Append((char)('a' + mark)).Append(found[mark] - 1);
        }
        return found[0] == 0 ? -1 : found[0];
    }
    void Lines(StringBuilder to, int body, int mark) {
        int at = Math.Max(body, mark - before), last = Math.Min(mark + after, end), count = 0;
        for (int dashes = mark; dashes < last; dashes++) if (Dashes(dashes)) { last = dashes; break; }
        if (at > body) while (at < last && text[at] != 10) at++;
        if (at > body) { if (at >= last) return; at++; }
        while (at <= last && count < lines) {
            int stop = at, length = 0;
            for (; stop < last && text[stop] != 10; stop++) if (text[stop] != 13) head[length++] = text[stop];
            int first = 0;
            while (first < length && (head[first] == 32 || head[first] == 9)) first++;
            while (length > first && (head[length - 1] == 32 || head[length - 1] == 9)) length--;
            length = Math.Min(length, first + line);
            bool kept = false;
            foreach (byte[] one in keep) kept = kept || Has(head, first, length, one);
            if (kept) {
                if (count++ > 0) to.Append('^');
                Escape(to, head, first, length);
            }
            at = stop + 1;
        }
    }
}
