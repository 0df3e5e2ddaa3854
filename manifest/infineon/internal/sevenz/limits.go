package sevenz

const (
	// maxBlocks bounds the only thing that is kept in memory. A vendor's archive
	// has one block; an archive packed without -ms has one block per file.
	maxBlocks = 1 << 16
	// maxCoders is the maximum number of methods in a block.
	maxCoders = 4
	// maxProperties is more than any method needs; AES needs 34 bytes.
	maxProperties = 64
	// maxName is the maximum length of a member's name in UTF-16 code units.
	maxName = 1024
	// bytesPerMember is the header size allowed for each member within the limits.
	// 7-Zip writes about 80.
	bytesPerMember = 512
	// smallHeader is allowed regardless of limits and ratio.
	smallHeader = 1 << 20
)
