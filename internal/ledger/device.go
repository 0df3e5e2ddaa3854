package ledger

import "github.com/thingpress/thingpress/manifest"

// DeviceNames are names of one device.
type DeviceNames struct {
	// Things are names of things, IDs are those of vendors. They are compared byte for byte.
	Things, IDs []string
	// Certificate is a certificate ID; zero for none.
	Certificate manifest.CertificateID
}

// A Found is the record of a device in an import or a later command.
type Found struct {
	// Import is the ID of the import or the command.
	Import string
	// Record has no outcome if the device is only marked. Its time is then that of the mark.
	Record
}
