package avro_test

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow/array"
	twmb "github.com/twmb/avro"

	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/avro"
)

// Messages of one schema, without the prefix of a registry. The second one is cut short.
func ExampleNewDecoder() {
	const schema = `{"type": "record", "name": "Flight", "fields": [{"name": "carrier", "type": "string"}, {"name": "hour", "type": "int"}]}`
	value, err := twmb.MustParse(schema).Encode(map[string]any{"carrier": "UA", "hour": 6})
	if err != nil {
		fmt.Println(err)
		return
	}

	d, err := avro.NewDecoder(avro.Options{Schema: &avro.Schema{Text: schema}}, []format.Column{{Name: "hour"}, {Name: "carrier", Kind: format.Text}})
	if err != nil {
		fmt.Println(err)
		return
	}
	batch, err := d.Decode([][]byte{value, value[:2]})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(batch.Record.Column(0).(*array.Float64).Value(0), batch.Record.Column(1).ValueStr(0))
	for _, l := range batch.Rejected {
		fmt.Println(l.Row, l.Code, l.Message)
	}
	// Output:
	// 6 UA
	// 2 bad_message the message ends within a value: it has 2 bytes
}
