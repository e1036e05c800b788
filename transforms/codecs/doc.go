// Package codecs makes formats of messages known to stream beside JSON: "avro" and "protobuf". Importing it registers them.
//
// # Avro
//
// Either all messages are bare data of one schema (option avro-schema, a file), or each begins with the id of its schema, as
// the serializers of Confluent's schema registry write it. Schemas are then looked up once in the registry, with those that
// they refer to. See format/avro for what is read.
//
//	avro-schema                             a file with a schema
//	schema.registry.url                     http://host:8081; several with commas between them
//	schema.registry.username, .password     a login; the password as env:NAME or file:PATH
//	schema.registry.token                   a bearer token instead, as env:NAME or file:PATH
//	schema.registry.ssl.ca.location         files of PEM; the key may stand in the certificate's file
//	schema.registry.ssl.certificate.location, schema.registry.ssl.key.location
//
// An id that the registry does not know makes its messages dead letters, and is looked up again after ten seconds. A registry that
// cannot be reached, or says that it is overloaded or broken, is asked until it answers: no message is rejected for that. One
// that refuses the login ends the run.
//
// Outputs have the same registry, or a file:
//
//	schema.registry.subject    of the outputs' schemas; TOPIC-value
//	auto.register.schemas      false: the subject has the schema already, the same or one of the same fields as its latest
//	avro-schema-out            a file that the schema is written to, which is that of all outputs: bare data
//	avro-name                  the record's full name
//
// A schema that the registry refuses ends the run, and rejects no message.
//
// # Protobuf
//
// All messages are of one type of a descriptor set, as protoc --include_imports --descriptor_set_out writes it. See
// format/protobuf.
//
//	descriptor-set    a file with a FileDescriptorSet
//	message           the type's full name: pkg.Type
//	wire              raw; or confluent: a prefix is passed over, and the registry is not asked
package codecs
