package soap

import (
	"bytes"
	"fmt"
	"slices"
)

// describe writes the description (WSDL 1.1) from the table: the same table always
// gives the same bytes.
func describe(base string) []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	said := func(s string) string {
		var e bytes.Buffer
		escape(&e, s)
		return e.String()
	}
	line(`<?xml version="1.0" encoding="UTF-8"?>`)
	line(`<wsdl:definitions name="eyServis" targetNamespace="%s" xmlns:s="%s" xmlns:t="%s" xmlns:m="%s" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/">`,
		serviceSpace, serviceSpace, typesSpace, mediaSpace)
	line(`<wsdl:documentation>%s</wsdl:documentation>`, said("UYUMLULUK ARAYÜZÜ / COMPATIBILITY INTERFACE. Yeni programlar için değildir: "+base+"/api/v1/docs kullanınız. "+
		"Resmî bir WSDL elimizde yoktur; işlem adları ile alanların bir bölümü, bu hizmeti çağıran açık programlardan bilinenlerdir, gerisi bizim kurgumuzdur. "+
		"“sifre” alanına uygulama belirteci yazılır. / Not for new programs: use "+base+"/api/v1/docs. We have no official WSDL; the names of operations and part of the fields are those that public programs send, the rest is our own reconstruction. A token of the application stands in “sifre”."))
	line(`<wsdl:types>`)
	line(`<xs:schema targetNamespace="%s" elementFormDefault="qualified" attributeFormDefault="qualified">`, mediaSpace)
	line(`<xs:complexType name="base64Binary"><xs:simpleContent><xs:extension base="xs:base64Binary"><xs:attribute name="contentType" type="xs:string"/><xs:attribute name="fileName" type="xs:string"/></xs:extension></xs:simpleContent></xs:complexType>`)
	line(`</xs:schema>`)
	line(`<xs:schema targetNamespace="%s" elementFormDefault="qualified">`, typesSpace)
	line(`<xs:import namespace="%s"/>`, mediaSpace)
	for _, t := range types {
		line(`<xs:complexType name="%s"><xs:sequence>`, t.name)
		for _, e := range t.elements {
			line(`<xs:element name="%s" type="%s"%s/>`, e.name, qualified(e.kind), occurs(e.many))
		}
		line(`</xs:sequence></xs:complexType>`)
	}
	line(`</xs:schema>`)
	line(`<xs:schema targetNamespace="%s" elementFormDefault="qualified">`, serviceSpace)
	line(`<xs:import namespace="%s"/>`, typesSpace)
	for _, o := range operations {
		line(`<xs:element name="%s"><xs:complexType><xs:sequence><xs:element name="param0" type="t:%s"/></xs:sequence></xs:complexType></xs:element>`, o.name, o.in)
		line(`<xs:element name="%sResponse"><xs:complexType><xs:sequence><xs:element name="return" type="%s"%s/></xs:sequence></xs:complexType></xs:element>`, o.name, qualified(o.out), occurs(o.many))
	}
	line(`</xs:schema>`)
	line(`</wsdl:types>`)
	for _, o := range operations {
		line(`<wsdl:message name="%sRequest"><wsdl:part name="parameters" element="s:%s"/></wsdl:message>`, o.name, o.name)
		line(`<wsdl:message name="%sResponse"><wsdl:part name="parameters" element="s:%sResponse"/></wsdl:message>`, o.name, o.name)
	}
	line(`<wsdl:portType name="eyServisPortType">`)
	for _, o := range operations {
		about := o.text
		if o.do == nil {
			about = text("YAPILMAZ: "+o.not.Turkish, "NOT DONE: "+o.not.English)
		}
		line(`<wsdl:operation name="%s"><wsdl:documentation>%s</wsdl:documentation><wsdl:input message="s:%sRequest"/><wsdl:output message="s:%sResponse"/></wsdl:operation>`,
			o.name, said(about.Turkish+" / "+about.English), o.name, o.name)
	}
	line(`</wsdl:portType>`)
	ports := []struct{ prefix, binding, port string }{{"soap", "eyServisSOAPBinding", "eyServisSOAPport_http"}, {"soap12", "eyServisSOAP12Binding", "eyServisSOAP12port_http"}}
	for _, p := range ports {
		line(`<wsdl:binding name="%s" type="s:eyServisPortType"><%s:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>`, p.binding, p.prefix)
		for _, o := range operations {
			line(`<wsdl:operation name="%s"><%s:operation soapAction="urn:%s" style="document"/><wsdl:input><%s:body use="literal"/></wsdl:input><wsdl:output><%s:body use="literal"/></wsdl:output></wsdl:operation>`,
				o.name, p.prefix, o.name, p.prefix, p.prefix)
		}
		line(`</wsdl:binding>`)
	}
	line(`<wsdl:service name="eyServis">`)
	for _, p := range ports {
		line(`<wsdl:port name="%s" binding="s:%s"><%s:address location="%s"/></wsdl:port>`, p.port, p.binding, p.prefix, said(base+Path))
	}
	line(`</wsdl:service>`)
	line(`</wsdl:definitions>`)
	return slices.Clip(b.Bytes())
}

func qualified(kind string) string {
	switch {
	case kind == attachment:
		return "m:" + attachment
	case typed(kind) != nil:
		return "t:" + kind
	}
	return kind
}

func occurs(many bool) string {
	if many {
		return ` minOccurs="0" maxOccurs="unbounded" nillable="true"`
	}
	return ` minOccurs="0" nillable="true"`
}
