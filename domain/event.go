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
	// EventRebuilding says that the stream lost its place; the current set follows, then SYNCED.
	EventRebuilding EventType = "REBUILDING"
)

// Event is one change that a stream delivers. Value is the state after it, or the last known one for DELETED.
type Event[T any] struct {
	Type  EventType `json:"type"`
	Value T         `json:"value,omitempty"`
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
