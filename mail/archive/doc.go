// Package archive looks into containers before anybody else does: zip, tar,
// gzip and bzip2, within one another, and says what would harm a reader that is
// less careful (AT-09).
//
// [Inspect] reads everything once, keeps nothing, and stops at its [Limits]: how
// much comes out, in what proportion to what went in, how many entries, how deep.
// What it stopped at is a [Finding] and the report is not [Report.Complete]. What a
// scanner is kept out of ([Finding.Beyond]) is refused with evidence when somebody
// submits it; from another provider it is carried, unscanned, and its reader is told.
//
// [Zip] is the zip reader under it, and stricter than the standard library's:
// there is one directory, every entry has its own bytes, and the two headers of
// an entry agree. Where a directory can be read in two ways it is refused, since
// the recipient's program may take the other one.
//
// Invariants: time and memory are bounded by the limits; names are texts, never
// paths (AT-11); no files.
//
// Next: package reading, which shows what was found; package eyp, whose packages
// are zip files.
package archive
