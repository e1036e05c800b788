// Package allfloats holds a float32 function against another one, in another language, over its whole domain.
package allfloats
