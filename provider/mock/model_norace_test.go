//go:build !race

package mock_test

// lives is how many of them TestModel goes through.
const lives = 10000
