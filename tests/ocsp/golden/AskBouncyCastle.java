import java.io.FileInputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.ocsp.OCSPObjectIdentifiers;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.ocsp.*;
import org.bouncycastle.operator.bc.BcDigestCalculatorProvider;
import org.bouncycastle.asn1.oiw.OIWObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;

/** Posts a request as made by BouncyCastle's builder: `AskBouncyCastle ca.der leaf.der http://responder`. */
public class AskBouncyCastle {
    public static void main(String[] arguments) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        X509Certificate ca = (X509Certificate) factory.generateCertificate(new FileInputStream(arguments[0]));
        X509Certificate leaf = (X509Certificate) factory.generateCertificate(new FileInputStream(arguments[1]));
        CertificateID id = new CertificateID(
            new BcDigestCalculatorProvider().get(new AlgorithmIdentifier(OIWObjectIdentifiers.idSHA1)),
            new JcaX509CertificateHolder(ca), leaf.getSerialNumber());
        byte[] nonce = new byte[32];
        new SecureRandom().nextBytes(nonce);
        Extension extension = new Extension(
            OCSPObjectIdentifiers.id_pkix_ocsp_nonce, false, new DEROctetString(nonce).getEncoded());
        OCSPReq request = new OCSPReqBuilder().addRequest(id).setRequestExtensions(new Extensions(extension)).build();
        HttpURLConnection connection = (HttpURLConnection) new URL(arguments[2]).openConnection();
        connection.setRequestProperty("Content-Type", "application/ocsp-request");
        connection.setDoOutput(true);
        try (OutputStream out = connection.getOutputStream()) {
            out.write(request.getEncoded());
        }
        BasicOCSPResp basic = (BasicOCSPResp) new OCSPResp(connection.getInputStream()).getResponseObject();
        System.out.println(basic.getResponses()[0].getCertStatus() == CertificateStatus.GOOD ? "good" : "not good");
    }
}
