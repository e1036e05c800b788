// Package flights embeds some of the files of its folder, for programs that bring their own data: the flights as rows, and two
// models that read the same columns of them. The folder is described in testdata/README.md.
package flights
