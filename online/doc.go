// Package online will serve models over the Open Inference Protocol, REST and gRPC, with metrics and a page for people.
// There is nothing in it yet.
//
// It will import package model and score requests as small blocks, with the engine that batch runs use: the same row
// gets the same bits wherever it is scored. It never imports Beam (internal/arch holds that), so a server starts in
// milliseconds and carries no runner along.
package online
