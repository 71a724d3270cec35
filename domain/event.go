package domain

import (
	"encoding/json"
	"time"
)

// EventType says what an [Event] reports.
type EventType string

// The event types of a stream.
const (
	EventAdded    EventType = "ADDED"
	EventModified EventType = "MODIFIED"
	EventDeleted  EventType = "DELETED"
	// EventSynced follows the last ADDED of the current set; events after it are changes.
	EventSynced EventType = "SYNCED"
	// EventRebuilding says that the stream lost its place; what changed meanwhile follows, and only that, then SYNCED.
	EventRebuilding EventType = "REBUILDING"
)

// Event is one change that a stream delivers.
type Event[T any] struct {
	Type EventType `json:"type"`
	// Value is the state after the change, or the last known one for DELETED. It is empty for SYNCED and REBUILDING.
	Value T `json:"value,omitempty"`
	// Revision resumes a stream behind this event, see provider.WatchOptions. It is empty before the first SYNCED and on
	// REBUILDING.
	Revision string `json:"revision,omitempty"`
	// FinalStateUnknown says of a DELETED that nobody saw the object go: Value is what was known last, and may be old.
	FinalStateUnknown bool `json:"finalStateUnknown,omitempty"`
}

// DomainEvent is a fact that the platform records for others to act on, at least once. Its payload never changes.
type DomainEvent struct {
	ID         string          `json:"id"`
	Type       string          `json:"type"`
	Subject    Ref             `json:"subject"`
	OccurredAt time.Time       `json:"occurredAt"`
	Actor      string          `json:"actor,omitempty"`
	Payload    json.RawMessage `json:"payload,omitempty"`
}
