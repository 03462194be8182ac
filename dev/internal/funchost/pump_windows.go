package funchost

// run reads until the stream ends or close is called.
func (p *pump) run() {
	for {
		n, err := p.file.Read(p.buf[:])
		p.mu.Lock()
		p.lines(p.buf[:n])
		if err != nil {
			p.flush()
		}
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// drain does nothing: reads of a pipe block on Windows, so a line that the
// handler wrote just before its answer may be recorded just after it.
func (p *pump) drain() {}
