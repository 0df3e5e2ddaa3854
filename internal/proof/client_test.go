package proof

import (
	"bufio"
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"

	"github.com/thingpress/thingpress/internal/mqtt"
)

// A broker that neither reads nor answers must not hold a device for ever.
func TestABrokerThatNeitherReadsNorAnswersEndsTheRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		conn, broker := net.Pipe()
		defer broker.Close()
		c := &Client{broker: &Broker{}, conn: conn, reader: bufio.NewReader(conn), version: mqtt.Version5, stop: func() bool { return true }}
		defer c.drop()
		if err := c.Publish("a", []byte("b"), false); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	})
}
