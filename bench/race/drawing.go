package main

import (
	"bytes"
	"fmt"
	"html"
)

// panel is one group of bars.
type panel struct {
	title  string
	of     func(figures) float64
	format func(float64) string
}

func (r *results) panels() []panel {
	perVM := float64(r.Settings.Small)
	return []panel{
		{"initial sync, CPU time", syncCPU, func(v float64) string { return fmt.Sprintf("%.2f s", v) }},
		{"initial sync, wall time", syncWall, func(v float64) string { return fmt.Sprintf("%.2f s", v) }},
		{"retained memory per VM", retained, func(v float64) string { return fmt.Sprintf("%.1f KB", v/perVM/1000) }},
		{"peak resident memory", peakRSS, func(v float64) string { return fmt.Sprintf("%.0f MiB", v/(1<<20)) }},
		{fmt.Sprintf("CPU time per event, %d in a second", r.Settings.Rate), eventCPU, microseconds},
		{"CPU time per event, all at once", burstCPU, microseconds},
		{"relist after 410, CPU time", relistCPU, func(v float64) string { return fmt.Sprintf("%.2f s", v) }},
	}
}

func microseconds(v float64) string { return fmt.Sprintf("%.0f µs", v*1e6) }

// Measures of the drawing, in pixels. The colours stand out on white and on black.
const (
	labelWidth, barWidth, valueWidth = 230, 420, 90
	rowHeight, titleHeight, gap      = 18, 26, 14

	ink, ourColour, otherColour = "#808890", "#2f81f7", "#8f96a0"
)

// draw draws each figure as bars, shortest the best. It needs no font, script or style of the page.
func (r *results) draw() []byte {
	var rows []measured
	for _, m := range r.Measured {
		if m.VMs == r.Settings.Small {
			rows = append(rows, m)
		}
	}
	panels := r.panels()
	width := labelWidth + barWidth + valueWidth
	height := titleHeight + len(panels)*(titleHeight+gap+len(rows)*rowHeight)
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" fill="%s" role="img">`+"\n", width, height, width, height, ink)
	fmt.Fprintf(&b, "<title>%s</title>\n", html.EscapeString(r.caption()))
	fmt.Fprintf(&b, `<text x="0" y="14">%s</text>`+"\n", html.EscapeString(r.caption()))
	y := titleHeight
	for _, p := range panels {
		y += titleHeight
		fmt.Fprintf(&b, `<text x="0" y="%d" font-size="14" font-weight="bold">%s</text>`+"\n", y-8, html.EscapeString(p.title))
		longest := 0.0
		for _, m := range rows {
			longest = max(longest, p.of(m.Median))
		}
		for _, m := range rows {
			p.bar(&b, m, y, longest)
			y += rowHeight
		}
		y += gap
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func (p panel) bar(b *bytes.Buffer, m measured, y int, longest float64) {
	value, colour, weight := p.of(m.Median), otherColour, "normal"
	if m.Contender == us {
		colour, weight = ourColour, "bold"
	}
	length := 1.0
	if longest > 0 {
		length = max(value/longest*barWidth, 1)
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end" font-weight="%s">%s</text>`, labelWidth-8, y+12, weight, html.EscapeString(m.What))
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`, labelWidth, y+2, length, rowHeight-5, colour)
	fmt.Fprintf(b, `<text x="%.1f" y="%d" font-weight="%s">%s</text>`+"\n", labelWidth+length+6, y+12, weight, html.EscapeString(p.format(value)))
}

func (r *results) caption() string {
	return fmt.Sprintf("%d VMs with their instances in one cluster, shorter is better; medians of %d runs, %d CPUs, %s", r.Settings.Small, r.Settings.Runs, r.Machine.CPUs, r.Date)
}
