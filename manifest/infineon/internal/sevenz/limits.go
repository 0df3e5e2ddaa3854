package sevenz

const (
	// maxBlocks bounds the one thing that is kept in memory. An archive of
	// a vendor has one block; one that was packed without -ms has a block a file.
	maxBlocks = 1 << 16
	// maxCoders is how many methods may follow one another in a block.
	maxCoders = 4
	// maxProperties is more than any method has; AES has 34 bytes.
	maxProperties = 64
	// maxName is the longest name of a member in UTF-16 code units.
	maxName = 1024
	// bytesPerMember is what a header may have for each member that the
	// limits allow. 7-Zip writes some 80.
	bytesPerMember = 512
	// smallHeader is allowed whatever the limits and the ratio are.
	smallHeader = 1 << 20
)
