// Package skops reads the container of skops.io.dump: a zip archive of one schema.json, which describes a Python object and
// everything that it holds, and a member for each of its numpy arrays. Nothing of it is Python: reading runs nothing.
//
//	f, err := skops.Open(data, "model.skops")
//	root := f.Root()
//	fmt.Println(root.Type(), root.Attr("n_features_in_").Int())
//	err = f.Err()
//
// What the objects mean is not known here; package sklearn knows it.
//
// # The format
//
// (skops-dev/skops, skops/io/_general.py, _numpy.py and _sklearn.py.) Every object is a JSON object with "__module__",
// "__class__", "__loader__" and "__id__", and, depending on the loader:
//
//	JsonNode       "content", a text that is JSON itself: None, a bool, a number (NaN and Infinity among them) or a text
//	ListNode, TupleNode, SetNode                      "content", an array of objects
//	DictNode       "content", an object of objects; "key_types" says what the keys, texts here, were
//	NdArrayNode    an array or a numpy scalar: "type" is "numpy" and "file" names the member with it, an .npy file, or
//	               "type" is "json" for arrays of objects, whose "content" is an array of objects, or of lists of them
//	ObjectNode     "content", a DictNode of the attributes, or None
//	TreeNode       the same, and "__reduce__", whose "args" are those of the constructor
//	SliceNode      "content" with plain "start", "stop" and "step"
//	FunctionNode, TypeNode                            nothing more: the name is the thing
//	PartialNode    "content" with the nodes "func", "args" and "kwds"
//
// An object that occurs twice is written twice, with the same __id__; skops makes one of the two. There are no references
// that could make a cycle. Files of protocols 1 and 2 are read, which are those of skops 0.6 and later.
//
// # Limits
//
// Members must be stored or deflated, have names without folders, each once, and unpack to no more than their headers say,
// and all together to no more than [MaxGrowth] times the file. schema.json is unpacked at once, arrays when they are asked for.
// Objects may nest to a depth of [MaxDepth].
package skops
