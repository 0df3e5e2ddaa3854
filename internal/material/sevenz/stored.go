package sevenz

import "io"

// A storedWriter writes LZMA2 in uncompressed chunks, because compressing packed
// data again would only cost time.
type storedWriter struct {
	w     io.Writer
	chunk []byte
	begun bool
}

// maxStored is the maximum size of an uncompressed chunk.
const maxStored = 1 << 16

func (s *storedWriter) Write(p []byte) (int, error) {
	total := len(p)
	for len(p) > 0 {
		n := min(maxStored-len(s.chunk), len(p))
		s.chunk = append(s.chunk, p[:n]...)
		p = p[n:]
		if len(s.chunk) == maxStored {
			if err := s.flush(); err != nil {
				return 0, err
			}
		}
	}
	return total, nil
}

func (s *storedWriter) flush() error {
	if len(s.chunk) == 0 {
		return nil
	}
	control := byte(2) // uncompressed
	if !s.begun {
		control, s.begun = 1, true // and reset the dictionary
	}
	size := len(s.chunk) - 1
	if _, err := s.w.Write([]byte{control, byte(size >> 8), byte(size)}); err != nil {
		return err
	}
	_, err := s.w.Write(s.chunk)
	s.chunk = s.chunk[:0]
	return err
}

// Close writes the end of the stream.
func (s *storedWriter) Close() error {
	if err := s.flush(); err != nil {
		return err
	}
	_, err := s.w.Write([]byte{0})
	return err
}
