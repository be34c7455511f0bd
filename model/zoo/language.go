package zoo

import (
	"embed"
	"strings"

	"roofline/model/hf"
	"roofline/model/transformer"
)

// configs hold the dimensions of the built-in language models, in the keys of the publisher's config.json.
//
//go:embed configs/*.json
var configs embed.FS

// LanguageEntry is a built-in language model.
type LanguageEntry struct {
	Name       string
	ID         string   // the Hugging Face repository; accepted as a name too, with or without its owner
	Aliases    []string // other names of the same dimensions
	Parameters float64  // exact
	Source     string   // of dimensions and parameters
}

// Language returns the built-in language models.
func Language() []LanguageEntry { return languages }

// FindLanguage returns the built-in language model of a name, an alias or a Hugging Face id, in any case and with "_" or
// a space for "-".
func FindLanguage(name string) (*LanguageEntry, bool) {
	key := languageKey(name)
	for i := range languages {
		e := &languages[i]
		owner, repository, _ := strings.Cut(e.ID, "/")
		for _, known := range append([]string{e.Name, repository}, e.Aliases...) {
			if key == languageKey(known) || key == languageKey(owner+"/"+known) {
				return e, true
			}
		}
	}
	return nil, false
}

// LanguageNames returns every name [FindLanguage] accepts, for a caller that wants to suggest one.
func LanguageNames() []string {
	var names []string
	for i := range languages {
		names = append(names, languages[i].Name, languages[i].ID)
		names = append(names, languages[i].Aliases...)
	}
	return names
}

// Model reads the dimensions.
func (e *LanguageEntry) Model() (*transformer.Model, error) {
	data, err := configs.ReadFile("configs/" + e.Name + ".json")
	if err != nil {
		return nil, err
	}
	return hf.Read(data, e.Name)
}

func languageKey(name string) string {
	return strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(name))
}
