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

// Where the dimensions are published. The parameters follow from the shapes of the tensors.
const (
	llama2   = "Touvron et al. 2023, arXiv:2307.09288, and the repository's config.json"
	llama3   = "Grattafiori et al. 2024, arXiv:2407.21783, table 3, and the repository's config.json"
	llama32  = "the repository's config.json and model card"
	mistral7 = "Jiang et al. 2023, arXiv:2310.06825, table 1, and the repository's config.json"
	qwen25   = "Qwen team 2024, arXiv:2412.15115, and the repository's config.json"
	qwen3    = "Qwen team 2025, arXiv:2505.09388, table 1, and the repository's config.json"
	gemma2   = "Gemma team 2024, arXiv:2408.00118, table 1, and the repository's config.json"
	gemma3   = "Gemma team 2025, arXiv:2503.19786, and the repository's config.json; text model only: with the SigLIP tower " +
		"and its projector 27 432 406 640 parameters"
	phi4     = "Abdin et al. 2024, arXiv:2412.08905, and the repository's config.json"
	openGPT2 = "Radford et al. 2019, table 2, and the repository's config.json"
)

var languages = []LanguageEntry{
	{"llama-3.1-8b", "meta-llama/Llama-3.1-8B", []string{"Llama-3.1-8B-Instruct", "Meta-Llama-3.1-8B",
		"Meta-Llama-3.1-8B-Instruct"}, 8_030_261_248, llama3},
	{"llama-3.1-70b", "meta-llama/Llama-3.1-70B", []string{"Llama-3.1-70B-Instruct", "Meta-Llama-3.1-70B",
		"Meta-Llama-3.1-70B-Instruct", "Llama-3.3-70B", "Llama-3.3-70B-Instruct"}, 70_553_706_496, llama3},
	{"llama-3.1-405b", "meta-llama/Llama-3.1-405B", []string{"Llama-3.1-405B-Instruct", "Meta-Llama-3.1-405B",
		"Meta-Llama-3.1-405B-Instruct"}, 405_853_388_800, llama3},
	{"llama-3.2-1b", "meta-llama/Llama-3.2-1B", []string{"Llama-3.2-1B-Instruct"}, 1_235_814_400, llama32},
	{"llama-3.2-3b", "meta-llama/Llama-3.2-3B", []string{"Llama-3.2-3B-Instruct"}, 3_212_749_824, llama32},
	{"llama-2-7b", "meta-llama/Llama-2-7b-hf", []string{"Llama-2-7b-chat-hf", "Llama-2-7b-chat"}, 6_738_415_616, llama2},
	{"llama-2-13b", "meta-llama/Llama-2-13b-hf", []string{"Llama-2-13b-chat-hf", "Llama-2-13b-chat"}, 13_015_864_320, llama2},
	{"llama-2-70b", "meta-llama/Llama-2-70b-hf", []string{"Llama-2-70b-chat-hf", "Llama-2-70b-chat"}, 68_976_648_192, llama2},
	{"mistral-7b", "mistralai/Mistral-7B-v0.1", []string{"Mistral-7B-Instruct-v0.1"}, 7_241_732_096, mistral7},
	{"qwen3-0.6b", "Qwen/Qwen3-0.6B", nil, 596_049_920, qwen3},
	{"qwen3-8b", "Qwen/Qwen3-8B", nil, 8_190_735_360, qwen3},
	{"qwen3-32b", "Qwen/Qwen3-32B", nil, 32_762_123_264, qwen3},
	{"qwen2.5-7b", "Qwen/Qwen2.5-7B", nil, 7_615_616_512, qwen25},
	{"qwen2.5-72b", "Qwen/Qwen2.5-72B", nil, 72_706_203_648, qwen25},
	{"gemma-3-27b", "google/gemma-3-27b-it", []string{"gemma-3-27b-pt"}, 27_009_346_304, gemma3},
	{"gemma-2-9b", "google/gemma-2-9b-it", []string{"gemma-2-9b"}, 9_241_705_984, gemma2},
	{"gemma-2-27b", "google/gemma-2-27b-it", []string{"gemma-2-27b"}, 27_227_128_320, gemma2},
	{"phi-4", "microsoft/phi-4", nil, 14_659_507_200, phi4},
	{"gpt2", "openai-community/gpt2", []string{"gpt-2"}, 124_439_808, openGPT2},
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
