package protobuf_test

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow/array"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/protobuf"
)

// Messages of a type that a descriptor set describes: what `protoc --descriptor_set_out --include_imports` writes.
func ExampleNewDecoder() {
	descriptors, err := proto.Marshal(&descriptorpb.FileDescriptorSet{
		File: []*descriptorpb.FileDescriptorProto{protodesc.ToFileDescriptorProto(timestamppb.File_google_protobuf_timestamp_proto)},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	value, err := proto.Marshal(&timestamppb.Timestamp{Seconds: 1380585600, Nanos: 5})
	if err != nil {
		fmt.Println(err)
		return
	}

	d, err := protobuf.NewDecoder(protobuf.Options{Descriptors: descriptors, Message: "google.protobuf.Timestamp"}, []format.Column{{Name: "seconds"}, {Name: "nanos"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	batch, err := d.Decode([][]byte{value})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, c := range batch.Record.Columns() {
		fmt.Printf("%s %.0f\n", batch.Record.ColumnName(i), c.(*array.Float64).Value(0))
	}
	// Output:
	// seconds 1380585600
	// nanos 5
}
