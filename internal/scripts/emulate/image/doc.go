// Package image writes what an emulated PC boots from: the archive of files that Linux unpacks into memory, and a CD that a PC's BIOS
// and isolinux read. Nothing is mounted, so anybody can.
//
// It writes only what these readers need: flat CDs of a few files with short names, archives of whole files. It reads nothing back.
package image
