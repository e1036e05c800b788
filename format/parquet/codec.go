package parquet

import (
	"errors"
	"fmt"
	"sync"

	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
)

// zstdDecoder decodes into the room that it is given and never beyond, unlike arrow-go's, which believes what the frame
// says. It checks the frames' checksums.
var zstdDecoder = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderConcurrency(0))
})

// decompress fills dst, whose length is what the page's header says, from src.
func decompress(codec compress.Compression, dst, src []byte) error {
	var out []byte
	var err error
	switch codec {
	case compress.Codecs.Zstd:
		var d *zstd.Decoder
		if d, err = zstdDecoder(); err == nil {
			out, err = d.DecodeAll(src, dst[:0:len(dst)])
		}
	case compress.Codecs.Snappy:
		var n int
		if n, err = snappy.DecodedLen(src); err == nil && n != len(dst) {
			err = fmt.Errorf("%d bytes instead of %d", n, len(dst))
		}
		if err == nil {
			out, err = snappy.Decode(dst, src)
		}
	default:
		var c compress.Codec
		if c, err = compress.GetCodec(codec); err == nil {
			out, err = compress.Decode(c, dst, src)
		}
	}
	if err != nil {
		return err
	}
	if len(out) != len(dst) {
		return fmt.Errorf("%d bytes instead of %d", len(out), len(dst))
	}
	if len(out) > 0 && &out[0] != &dst[0] {
		copy(dst, out)
	}
	return nil
}

// maxRatio is how many times smaller than its content a codec can make a page. A page that claims more is refused
// before there is room made for it.
func maxRatio(codec compress.Compression) (int64, error) {
	switch codec {
	case compress.Codecs.Uncompressed:
		return 1, nil
	case compress.Codecs.Snappy: // a copy of 64 bytes takes 3
		return 32, nil
	case compress.Codecs.Lz4Raw: // a length grows by 255 with each byte
		return 256, nil
	case compress.Codecs.Gzip: // deflate's limit is 1032
		return 1100, nil
	case compress.Codecs.Zstd: // a run of 128 KiB takes 4 bytes
		return 40_000, nil
	case compress.Codecs.Brotli:
		return maxPage, nil
	case compress.Codecs.Lz4:
		return 0, errors.New("it is compressed with the old LZ4 of Hadoop, which is not read; zstd, snappy, gzip, brotli and LZ4_RAW are")
	}
	return 0, fmt.Errorf("it is compressed with %s, which is not read; zstd, snappy, gzip, brotli and LZ4_RAW are", codec)
}
