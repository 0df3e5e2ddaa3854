package iot

import (
	"context"
	"time"
)

// Survey reads the lists that only a comparison of a whole fleet needs. It follows the rules of the
// other interfaces.
type Survey interface {
	ListPolicies(ctx context.Context, token string) (names []string, next string, err error)
	ListThingsInBillingGroup(ctx context.Context, group, token string) (things []string, next string, err error)
}

// Inventory finds things without knowing their names. It follows the rules of the other interfaces.
type Inventory interface {
	// ListThingsInThingGroupTree is ListThingsInThingGroup with the groups below the group.
	ListThingsInThingGroupTree(ctx context.Context, group, token string) (things []string, next string, err error)
	// SearchIndex returns one page of the things that match a query, of up to 100.
	SearchIndex(ctx context.Context, query, token string) (page []Connection, next string, err error)
}

// Drafts creates and deletes policies, which no import does.
type Drafts interface {
	CreatePolicy(ctx context.Context, name, document string) error
	DeletePolicy(ctx context.Context, name string) error
}

// Connectivity reads from the fleet index when devices were connected.
type Connectivity interface {
	// GetIndexingConfiguration reports whether fleet indexing keeps the connectivity of things.
	GetIndexingConfiguration(ctx context.Context) (connectivity bool, err error)
	// SearchIndex returns one page of the things that match a query, of up to 100.
	SearchIndex(ctx context.Context, query, token string) (page []Connection, next string, err error)
	// GetThingConnectivityData returns what the index knows of one thing.
	GetThingConnectivityData(ctx context.Context, thing string) (Connection, error)
}

// Sessions ends sessions of devices. It follows the rules of the other interfaces.
type Sessions interface {
	// DeleteConnection closes the connection of the client with this ID, and keeps a persistent session.
	// The error is of [ClassNotFound] if there is neither of the two.
	DeleteConnection(ctx context.Context, clientID string) error
}

// A Connection is when a device was connected, as far as the fleet index knows. AWS knows it only of
// devices that connect with the name of their thing as client ID.
type Connection struct {
	Thing string
	// Connected reports whether the device is connected.
	Connected bool
	// At is when it connected or disconnected last. It is zero if it has not been connected since
	// indexing began; SearchIndex also leaves it out about an hour after a device disconnected.
	At time.Time
	// Reason is why it was disconnected, such as KEEP_ALIVE_TIMEOUT; may be empty.
	Reason string
}
