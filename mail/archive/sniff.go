package archive

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"rem"
)

// HeadBytes is how much of a content [Sniff] wants to see.
const HeadBytes = 4096

// magic lists contents by how they begin.
var magic = []struct {
	at   int
	sign string
	kind string
}{
	{0, "%PDF-", "application/pdf"},
	{0, "\x89PNG\r\n\x1a\n", "image/png"},
	{0, "\xff\xd8\xff", "image/jpeg"},
	{0, "GIF87a", "image/gif"},
	{0, "GIF89a", "image/gif"},
	{0, "BM", "image/bmp"},
	{0, "II*\x00", "image/tiff"},
	{0, "MM\x00*", "image/tiff"},
	{8, "WEBP", "image/webp"},
	{4, "ftypheic", "image/heic"},
	{4, "ftyp", "video/mp4"},
	{0, "ID3", "audio/mpeg"},
	{0, "OggS", "application/ogg"},
	{0, "\x1a\x45\xdf\xa3", "video/webm"},
	{0, "PK\x03\x04", "application/zip"},
	{0, "PK\x05\x06", "application/zip"},
	{0, "PK\x07\x08", "application/zip"},
	{0, "\x1f\x8b", "application/gzip"},
	{0, "BZh", "application/x-bzip2"},
	{0, "\xfd7zXZ\x00", "application/x-xz"},
	{0, "7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"},
	{0, "Rar!\x1a\x07", "application/vnd.rar"},
	{0, "MSCF", "application/vnd.ms-cab-compressed"},
	{0, "\x28\xb5\x2f\xfd", "application/zstd"},
	{0, "LZIP", "application/lzip"},
	{0, "\x60\xea", "application/x-arj"},
	{257, "ustar", "application/x-tar"},
	{0x8001, "CD001", "application/x-iso9660-image"},
	{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"},
	{0, "{\\rtf", "application/rtf"},
	{0, "MZ", "application/x-msdownload"},
	{0, "\x7fELF", "application/x-executable"},
	{0, "\xca\xfe\xba\xbe", "application/x-mach-binary"},
	{0, "\xcf\xfa\xed\xfe", "application/x-mach-binary"},
	{0, "\xce\xfa\xed\xfe", "application/x-mach-binary"},
	{0, "\xfe\xed\xfa\xce", "application/x-mach-binary"},
	{0, "\xfe\xed\xfa\xcf", "application/x-mach-binary"},
	{0, "dex\n", "application/vnd.android.dex"},
	{0, "\x00asm", "application/wasm"},
	{0, "L\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"},
	{0, "#!", "text/x-script"},
	{0, "AT&TFORM", "image/vnd.djvu"},
	{0, "ITSF", "application/vnd.ms-htmlhelp"},
	{0, "\xe4\x52\x5c\x7b", "application/onenote"},
	{0, "AC10", "image/vnd.dwg"},
	{0, "-----BEGIN PKCS7", "application/pkcs7-mime"},
	{0, "-----BEGIN CERTIFICATE", "application/x-x509-cert"},
}

// markup lists texts by their first tag, folded.
var markup = []struct{ sign, kind string }{
	{"<!doctype html", "text/html"}, {"<html", "text/html"}, {"<script", "text/html"}, {"<body", "text/html"}, {"<iframe", "text/html"}, {"<head", "text/html"},
	{"<svg", "image/svg+xml"}, {"<hta:application", "text/html"}, {"<job", "text/x-script"}, {"<package", "text/x-script"}, {"<scriptlet", "text/x-script"},
}

// Sniff tells the type of a content from its first bytes, "application/octet-stream"
// for what it does not know. It is a hint for people, and decides nothing.
func Sniff(head []byte) string {
	for _, m := range magic {
		if len(head) >= m.at+len(m.sign) && string(head[m.at:m.at+len(m.sign)]) == m.sign {
			if m.sign == "BM" && (len(head) < 26 || bytes.IndexByte(head[:26], 0) < 0) || m.sign == "MZ" && (len(head) < 64 || utf8.Valid(head)) {
				continue // a text that begins so
			}
			return m.kind
		}
	}
	if kind := cms(head); kind != "" {
		return kind
	}
	if len(head) == 0 {
		return "text/plain"
	}
	text := head
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		return "text/plain"
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	for _, c := range text {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b {
			return "application/octet-stream"
		}
	}
	start := rem.FoldASCII(strings.TrimSpace(string(text[:min(len(text), 1024)])))
	if strings.HasPrefix(start, "<!--") {
		if _, after, ok := strings.Cut(start, "-->"); ok {
			start = strings.TrimSpace(after)
		}
	}
	xml := strings.HasPrefix(start, "<?xml")
	if xml {
		_, start, _ = strings.Cut(start, "?>")
		start = strings.TrimSpace(start)
	}
	for _, m := range markup {
		if strings.HasPrefix(start, m.sign) {
			return m.kind
		}
	}
	switch {
	case xml:
		return "text/xml"
	case strings.HasPrefix(start, "begin:vcalendar"):
		return "text/calendar"
	case strings.HasPrefix(start, "begin:vcard"):
		return "text/vcard"
	}
	return "text/plain"
}

// cms tells a CMS structure in DER or BER by its object identifier.
func cms(head []byte) string {
	const signed, enveloped = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"
	if len(head) < 16 || head[0] != 0x30 {
		return ""
	}
	at := 2
	if head[1] > 0x80 {
		at += int(head[1] & 0x7f)
	}
	if at > 10 || at+11 > len(head) {
		return ""
	}
	switch string(head[at : at+11]) {
	case signed:
		return "application/pkcs7-signature"
	case enveloped:
		return "application/pkcs7-mime"
	}
	return ""
}

// programs are endings of names that a computer may run when they are opened.
var programs = func() map[string]bool {
	m := map[string]bool{}
	for e := range strings.FieldsSeq(`ade adp ahk apk app appinstaller application appref-ms appx appxbundle asp aspx asx bas bat bin cer chm cmd cnt com command cpl crt csh dex dll dmg elf
 exe fxp gadget grp hlp hpj hta inf ins iqy iso img isp its jar jnlp js jse ksh lib lnk mad maf mag mam maq mar mas mat mau mav maw mcf mda mdb mde mdt mdw mdz mht mhtml msc msh
 msh1 msh1xml msh2 msh2xml mshxml msi msix msixbundle msp mst msu ocx ops osd oxt one pcd pif pl plg prf prg printerexport ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 psdm1 pst py pyc pyo
 pyw pyz pyzw reg rb rgs run scf scr sct search-ms settingcontent-ms sh shb shs slk svg sys theme themepack tmp udl url vb vbe vbp vbs vhd vhdx vsmacros vsw vxd webpnp website workflow ws
 wsb wsc wsf wsh xbap xll xnk xsl`) {
		m[e] = true
	}
	return m
}()

// Program reports whether a file is a program, by its name or its content.
func Program(name, kind string) bool {
	switch kind {
	case "application/x-msdownload", "application/x-executable", "application/x-mach-binary", "application/vnd.android.dex", "application/wasm", "application/x-ms-shortcut", "text/x-script", "application/vnd.ms-htmlhelp":
		return true
	}
	return programs[Ending(name)]
}

// Ending gives the folded ending of a name, without its dot and what Windows
// leaves off behind it; "" for none.
func Ending(name string) string {
	name = strings.TrimRight(name, ". \u00a0")
	if i := strings.LastIndexAny(name, "./\\"); i >= 0 && name[i] == '.' {
		return rem.FoldASCII(name[i+1:])
	}
	return ""
}
