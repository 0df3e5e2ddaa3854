package sqlite

import "golang.org/x/sys/unix"

// networkFileSystems are the network file systems of Linux, by their magic numbers. File systems
// in user space, such as sshfs, all have one number and cannot be told apart by it.
var networkFileSystems = map[uint32]string{
	unix.NFS_SUPER_MAGIC:  "NFS",
	unix.SMB_SUPER_MAGIC:  "SMB",
	unix.CIFS_SUPER_MAGIC: "SMB",
	unix.SMB2_SUPER_MAGIC: "SMB",
	unix.AFS_SUPER_MAGIC:  "AFS",
	unix.AFS_FS_MAGIC:     "AFS",
	unix.CODA_SUPER_MAGIC: "Coda",
	unix.CEPH_SUPER_MAGIC: "Ceph",
	0x0bd00bd0:            "Lustre",
	0x47504653:            "GPFS",
}

// remoteFileSystem returns the name of the network file system that a file is on, or "".
func remoteFileSystem(path string) string {
	var is unix.Statfs_t
	if unix.Statfs(path, &is) != nil {
		return "" // opening the file will fail with the cause
	}
	return networkFileSystems[uint32(is.Type)]
}
