package main

import "os"

// peak returns 0, because Windows does not tell.
func peak(*os.ProcessState) int64 { return 0 }
