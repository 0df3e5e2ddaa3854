// Package tpmxml decodes the XML files that the first Thingpress (awslabs/thingpress, 2020) read for
// Infineon's TPMs: below any root, a group for each module, with a hex element named TpmMAC and with
// certificates as hexadecimal DER.
//
//	<modules>
//	  <group>
//	    <hex name="TpmMAC" value="00112233445566778899"/>
//	    <binaryhex name="certificate">30820186 3082…</binaryhex>
//	  </group>
//	</modules>
//
// If a group has several certificates, [manifest.Options.Index] chooses. The ID of a device is its
// TpmMAC. The certificate of an endorsement key is rejected like everywhere, because such a key cannot
// authenticate a TLS client.
//
// Nothing in the file is signed or verified but the certificate's own form. Document type declarations
// are refused, so that no entity can be defined. The file cannot be resumed by offset. UTF-16 with a
// byte order mark is accepted.
package tpmxml
