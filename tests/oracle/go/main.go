// Checks a published log, and proofs about it, with Go's own transparency log code: golang.org/x/mod/sumdb/note and tlog.
//
//	go_oracle log FOLDER VKEY              every file of a tlog-tiles folder, inclusion and consistency from its tiles
//	go_oracle entry FILE PROOF VKEY        an entry and its .tlog-proof
//	go_oracle chain FOLDER VKEY NOTE...    that each checkpoint extends the one before, by proofs made from the tiles
//
// VKEY is the log's Ed25519 key: that package knows no ML-DSA, so lines by other keys are held to their spelling alone.
// Prints what was checked; exits with 1 and the reason when something does not fit.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8 // of a tile, in tree levels
	width  = 1 << height
	sample = 97 // every so manieth entry is proved to be included
)

func main() {
	told, err := run(os.Args[1:])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(told)
}

func run(args []string) (string, error) {
	switch {
	case len(args) == 3 && args[0] == "log":
		return checkLog(args[1], args[2])
	case len(args) == 4 && args[0] == "entry":
		return checkEntry(args[1], args[2], args[3])
	case len(args) >= 4 && args[0] == "chain":
		return checkChain(args[1], args[2], args[3:])
	}
	return "", errors.New("usage: log | entry | chain")
}

// openCheckpoint verifies the note under the key and reads its three lines in their one spelling.
func openCheckpoint(raw []byte, vkey string) (tlog.Tree, error) {
	var tree tlog.Tree
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tree, err
	}
	opened, err := note.Open(raw, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	for _, sig := range append(opened.Sigs, opened.UnverifiedSigs...) {
		if decoded, err := base64.StdEncoding.Strict().DecodeString(sig.Base64); err != nil || base64.StdEncoding.EncodeToString(decoded) != sig.Base64 {
			return tree, errors.New("a signature line is spelled in two ways")
		}
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		return tree, errors.New("not a checkpoint of that log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] {
		return tree, errors.New("the size is no decimal number")
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil || root.String() != lines[2] {
		return tree, errors.New("the root is no hash")
	}
	return tlog.Tree{N: size, Hash: root}, nil
}

// path of a tile as C2SP tlog-tiles has it: Go's own puts the height in front and calls entries data.
func path(tile tlog.Tile) string {
	parts := strings.SplitN(tile.Path(), "/", 3) // tile/8/...
	return "tile/" + strings.Replace(parts[2], "data/", "entries/", 1)
}

type folder string

func (f folder) Height() int { return height }

func (f folder) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var read [][]byte
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(string(f), path(tile)))
		if err != nil {
			return nil, err
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has not %d hashes", path(tile), tile.W)
		}
		read = append(read, data)
	}
	return read, nil
}

func checkLog(root, vkey string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(root, "checkpoint"))
	if err != nil {
		return "", err
	}
	tree, err := openCheckpoint(raw, vkey)
	if err != nil {
		return "", err
	}
	hashes, known, err := readEntries(root, tree.N)
	if err != nil {
		return "", err
	}
	stored := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, index := range indexes {
			found = append(found, hashes[index])
		}
		return found, nil
	})
	if computed, err := tlog.TreeHash(tree.N, stored); err != nil || computed != tree.Hash {
		return "", fmt.Errorf("the entries do not add up to the root (%v)", err)
	}
	for _, tile := range widest(tlog.NewTiles(height, 0, tree.N)) { // every tile anew, from the entries
		want, err := tlog.ReadTileData(tile, stored)
		if err != nil {
			return "", err
		}
		got, err := os.ReadFile(filepath.Join(root, path(tile)))
		if err != nil || !bytes.Equal(got, want) {
			return "", fmt.Errorf("%s differs (%v)", path(tile), err)
		}
		known[path(tile)] = true
	}
	if err := checkNames(root, known); err != nil {
		return "", err
	}
	proved, err := proveEntries(root, tree, hashes)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("log %d entries, %d files, %d proved", tree.N, len(known), proved), nil
}

// widest leaves out partial tiles that have grown: NewTiles lists every width.
func widest(tiles []tlog.Tile) []tlog.Tile {
	var kept []tlog.Tile
	for at, tile := range tiles {
		if at+1 == len(tiles) || tiles[at+1].L != tile.L || tiles[at+1].N != tile.N {
			kept = append(kept, tile)
		}
	}
	return kept
}

// readEntries hashes every entry of every bundle.
func readEntries(root string, size int64) ([]tlog.Hash, map[string]bool, error) {
	var hashes []tlog.Hash
	known := map[string]bool{}
	for n := int64(0); n*width < size; n++ {
		tile := tlog.Tile{H: height, L: -1, N: n, W: width}
		if size-n*width < width {
			tile.W = int(size - n*width)
		}
		data, err := os.ReadFile(filepath.Join(root, path(tile)))
		if err != nil {
			return nil, nil, err
		}
		known[path(tile)] = true
		count := 0
		for len(data) > 0 {
			if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
				return nil, nil, fmt.Errorf("%s is cut off", path(tile))
			}
			entry := data[2 : 2+int(binary.BigEndian.Uint16(data))]
			data = data[2+len(entry):]
			stored, err := tlog.StoredHashes(n*width+int64(count), entry, tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
				var found []tlog.Hash
				for _, index := range indexes {
					found = append(found, hashes[index])
				}
				return found, nil
			}))
			if err != nil {
				return nil, nil, err
			}
			hashes = append(hashes, stored...)
			count++
		}
		if count != tile.W {
			return nil, nil, fmt.Errorf("%s has %d entries", path(tile), count)
		}
	}
	return hashes, known, nil
}

// checkNames finds files that the checkpoint does not call for, but for the partial tiles of smaller sizes.
func checkNames(root string, known map[string]bool) error {
	grown := map[string]string{} // place of a tile -> its name now
	for name := range known {
		place, _, _ := strings.Cut(name, ".p/")
		grown[place] = name
	}
	return filepath.WalkDir(filepath.Join(root, "tile"), func(full string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, full)
		if err != nil || known[filepath.ToSlash(name)] {
			return err
		}
		place, width, partial := strings.Cut(filepath.ToSlash(name), ".p/")
		now, found := grown[place]
		if !partial || !found {
			return fmt.Errorf("%s is not called for", name)
		}
		return checkOlder(full, filepath.Join(root, now), width, strings.HasPrefix(place, "tile/entries/"))
	})
}

// checkOlder holds a partial tile to the tile that has grown from it.
func checkOlder(older, now, width string, bundle bool) error {
	part, err := os.ReadFile(older)
	if err != nil {
		return err
	}
	whole, err := os.ReadFile(now)
	if err != nil {
		return err
	}
	count := len(part) / tlog.HashSize
	rest := part[count*tlog.HashSize:]
	if bundle {
		count, rest = 0, part
		for len(rest) >= 2 && len(rest)-2 >= int(binary.BigEndian.Uint16(rest)) {
			rest = rest[2+int(binary.BigEndian.Uint16(rest)):]
			count++
		}
	}
	if !bytes.HasPrefix(whole, part) || len(part) == len(whole) || len(rest) != 0 || strconv.Itoa(count) != width {
		return fmt.Errorf("%s is not the beginning of its tile", older)
	}
	return nil
}

// proveEntries proves a sample through Go's authenticating tile reader, which trusts nothing but the root.
func proveEntries(root string, tree tlog.Tree, hashes []tlog.Hash) (int, error) {
	reader := tlog.TileHashReader(tree, folder(root))
	proved := 0
	for n := int64(0); n < tree.N; n += sample {
		proof, err := tlog.ProveRecord(tree.N, n, reader)
		if err != nil {
			return 0, err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, n, hashes[tlog.StoredHashIndex(0, n)]); err != nil {
			return 0, err
		}
		proved++
	}
	return proved, nil
}

func checkEntry(entryFile, proofFile, vkey string) (string, error) {
	entry, err := os.ReadFile(entryFile)
	if err != nil {
		return "", err
	}
	raw, err := os.ReadFile(proofFile)
	if err != nil {
		return "", err
	}
	head, checkpoint, found := bytes.Cut(raw, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		return "", errors.New("not a tlog-proof")
	}
	index, err := strconv.ParseInt(lines[1][len("index "):], 10, 64)
	if err != nil || "index "+strconv.FormatInt(index, 10) != lines[1] {
		return "", errors.New("the index is no decimal number")
	}
	var proof tlog.RecordProof
	for _, line := range lines[2:] {
		hash, err := tlog.ParseHash(line)
		if err != nil || hash.String() != line {
			return "", errors.New("a line is no hash")
		}
		proof = append(proof, hash)
	}
	tree, err := openCheckpoint(checkpoint, vkey)
	if err != nil {
		return "", err
	}
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		return "", err
	}
	return fmt.Sprintf("entry %d of %d", index, tree.N), nil
}

func checkChain(root, vkey string, notes []string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(root, "checkpoint"))
	if err != nil {
		return "", err
	}
	last, err := openCheckpoint(raw, vkey)
	if err != nil {
		return "", err
	}
	reader := tlog.TileHashReader(last, folder(root))
	var before tlog.Tree
	for at, name := range notes {
		raw, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		now, err := openCheckpoint(raw, vkey)
		if err != nil {
			return "", fmt.Errorf("checkpoint %d: %w", at, err)
		}
		if at > 0 {
			proof, err := tlog.ProveTree(now.N, before.N, reader)
			if err != nil {
				return "", err
			}
			if err := tlog.CheckTree(proof, now.N, now.Hash, before.N, before.Hash); err != nil {
				return "", fmt.Errorf("checkpoint %d does not extend the one before: %w", at, err)
			}
		}
		before = now
	}
	return fmt.Sprintf("chain of %d to %d", len(notes), before.N), nil
}
