package rest

func (c *call) patch() error { return nil }
