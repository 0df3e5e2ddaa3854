package sqlite

import (
	"path/filepath"

	"golang.org/x/sys/windows"
)

// remoteFileSystem returns the name of the network drive or share that a file is on, or "".
func remoteFileSystem(path string) string {
	volume := filepath.VolumeName(path)
	root, err := windows.UTF16PtrFromString(volume + `\`)
	if err != nil || windows.GetDriveType(root) != windows.DRIVE_REMOTE {
		return ""
	}
	return volume
}
