package world

import "maps"

// Rename gives an instance another name.
func (w *World) Rename(cloudName, id, name string) error {
	return w.edit(cloudName, id, func(i *Instance) { i.Name = name })
}

// SetMetadata merges metadata into a Triton instance and removes keys of it.
func (w *World) SetMetadata(cloudName, id string, set map[string]string, remove []string) error {
	return w.edit(cloudName, id, func(i *Instance) {
		if i.Metadata == nil {
			i.Metadata = map[string]string{}
		}
		maps.Copy(i.Metadata, set)
		for _, k := range remove {
			delete(i.Metadata, k)
		}
	})
}

func (w *World) edit(cloudName, id string, f func(*Instance)) error {
	w.lock()
	defer w.unlock()
	c := w.cloud(cloudName)
	i, ok := c.byID[id]
	if !ok {
		if _, gone := c.gone[id]; gone {
			return ErrGone
		}
		return ErrNoInstance
	}
	f(i)
	return nil
}
